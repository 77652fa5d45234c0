st_fuzz(dump dump)
