st_fuzz(flv_tag flv)
st_fuzz(flv_body flv)
st_fuzz(flv_normaliser flv)
st_fuzz(flv_amf flv)
