# ./dev bench fanout: many viewers of one stream.
add_executable(bench_fanout_floor fanout_floor.cc)
target_link_libraries(bench_fanout_floor PRIVATE st_flv st_http OpenSSL::SSL)
add_executable(bench_fanout_load
    fanout_load.cc fanout_publisher.cc fanout_rtmp.cc fanout_socket.cc fanout_viewer.cc fanout_wire.cc load_probe.cc)
target_link_libraries(bench_fanout_load PRIVATE st_rtmp st_flv st_ws st_http OpenSSL::SSL)
set_target_properties(bench_fanout_floor bench_fanout_load
    PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
