st_fuzz(camera camera)
