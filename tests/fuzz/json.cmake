st_fuzz(json json)
