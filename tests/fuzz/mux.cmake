st_fuzz(convert mux)
target_link_libraries(fuzz_convert PRIVATE st_av st_record)
st_fuzz(picture_table mux)
