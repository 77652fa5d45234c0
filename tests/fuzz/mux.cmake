st_fuzz(convert mux)
