st_fuzz(ws_server_decoder ws)
st_fuzz(ws_client_decoder ws)
