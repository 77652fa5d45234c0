# ./dev bench mux: makes the large dump that h264mux is measured with.
add_executable(bench_mux_dump mux_dump.cc)
target_link_libraries(bench_mux_dump PRIVATE st_dump st_media)
set_target_properties(bench_mux_dump PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
