st_fuzz(sps media)
st_fuzz(access_units media)
st_fuzz(annexb_packets media)
st_fuzz(jpeg media)
