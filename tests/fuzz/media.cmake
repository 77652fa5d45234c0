st_fuzz(sps media)
st_fuzz(access_units media)
