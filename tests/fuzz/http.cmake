st_fuzz(http_request_head http)
st_fuzz(http_body http)
st_fuzz(http_target http)
