st_fuzz(segment mp4)
