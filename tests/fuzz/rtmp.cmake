st_fuzz(rtmp_chunk rtmp)
st_fuzz(rtmp_session rtmp)
