st_fuzz(segment mp4)
st_fuzz(movie mp4)
