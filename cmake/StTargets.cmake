# st_library(name [USES other libs...] [LINK third-party targets...])
#   libs/<name>/*.cc -> target st_<name>. USES is the whole list of libraries it may include;
#   tests/layers_test.py compares it with the #include lines.
function(st_library name)
    cmake_parse_arguments(ARG "" "" "USES;LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
    list(TRANSFORM ARG_USES PREPEND st_)
    if(sources)
        add_library(st_${name} STATIC ${sources})
        target_link_libraries(st_${name} PUBLIC st_flags ${ARG_USES} ${ARG_LINK})
    else()
        add_library(st_${name} INTERFACE)
        target_link_libraries(st_${name} INTERFACE st_flags ${ARG_USES} ${ARG_LINK})
    endif()
endfunction()

# st_program(name [USES libs...] [LINK third-party targets...])
#   apps/<name>/*.cc and apps/<name>/<folder>/*.cc -> executable <name>. All but main.cc is the
#   library st_<name>_parts, which the tests link. A program's own headers are included as
#   "<name>/<folder>/<file>.h".
function(st_program name)
    cmake_parse_arguments(ARG "" "" "USES;LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cc)
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/main.cc)
    list(TRANSFORM ARG_USES PREPEND st_)
    set(scope PUBLIC)
    if(sources)
        add_library(st_${name}_parts STATIC ${sources})
    else()
        add_library(st_${name}_parts INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(st_${name}_parts ${scope} ${CMAKE_SOURCE_DIR}/apps)
    target_link_libraries(st_${name}_parts ${scope} st_flags ${ARG_USES} ${ARG_LINK})
    add_executable(${name} main.cc)
    target_link_libraries(${name} PRIVATE st_${name}_parts)
    target_link_options(${name} PRIVATE -Wl,--as-needed)  # loads no library that it does not call
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# st_test(name [USES more libs...]): tests/<name>/*_test.cc -> test_<name>, one ctest entry per TEST.
#   <name> is a library or a program.
function(st_test name)
    cmake_parse_arguments(ARG "" "" "USES;LINK" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
    if(NOT sources)
        return()
    endif()
    set(tested st_${name})
    if(TARGET st_${name}_parts)
        set(tested st_${name}_parts)
    endif()
    list(TRANSFORM ARG_USES PREPEND st_)
    add_executable(test_${name} ${sources})
    target_include_directories(test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    target_link_libraries(test_${name} PRIVATE ${tested} ${ARG_USES} ${ARG_LINK} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(test_${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}."
        PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# st_fuzz(name lib): tests/fuzz/<name>_fuzz.cc -> fuzz_<name>: libFuzzer under the fuzz preset,
# elsewhere a program that replays tests/fuzz/corpus/<name>/ as one ctest entry.
function(st_fuzz name lib)
    add_executable(fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/${name}_fuzz.cc)
    target_link_libraries(fuzz_${name} PRIVATE st_${lib})
    if(ST_FUZZ)
        target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
        add_test(NAME fuzz.${name}_corpus COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
        set_tests_properties(fuzz.${name}_corpus PROPERTIES LABELS fuzz TIMEOUT 120)
    endif()
endfunction()
