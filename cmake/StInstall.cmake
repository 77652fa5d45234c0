# What is installed: programs, man pages, completions, the unit file and the licence; and the .deb.
include(GNUInstallDirs)

foreach(program streamd streamctl h264mux)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endforeach()

# Where worker/program.h looks for them.
install(TARGETS streamd-media streamctl-push RUNTIME DESTINATION libexec/streamd)
install(DIRECTORY ${CMAKE_BINARY_DIR}/share/streamd/web DESTINATION share/streamd OPTIONAL)

file(GLOB pages_1 CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.1)
file(GLOB pages_8 CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/man/*.8)
install(FILES ${pages_1} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${pages_8} DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)

foreach(entry bash:bash-completion/completions zsh:zsh/vendor-completions fish:fish/vendor_completions.d)
    string(REPLACE ":" ";" entry ${entry})
    list(GET entry 0 shell)
    list(GET entry 1 folder)
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/completions/${shell}/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder} OPTIONAL)
endforeach()

# The unit names the program by its full path, which is known only when the prefix is: at install
# time (cmake --install --prefix, the package). systemd reads this folder below /usr and /usr/local.
# A package is put together in a folder of its own, which is not where it will lie.
install(CODE "
    string(REGEX REPLACE \"^.*/_CPack_Packages/[^/]+/[^/]+/[^/]+/\" \"/\" prefix \"\${CMAKE_INSTALL_PREFIX}\")
    set(BINDIR \"\${prefix}/${CMAKE_INSTALL_BINDIR}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/packaging/streamd.service.in\"
        \"${CMAKE_BINARY_DIR}/streamd.service\" @ONLY)")
install(FILES ${CMAKE_BINARY_DIR}/streamd.service DESTINATION lib/systemd/system)
# The pages as they lie here, so that their links lead somewhere.
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/CHANGELOG.md
    ${CMAKE_SOURCE_DIR}/ARCHITECTURE.md ${CMAKE_SOURCE_DIR}/CONTRIBUTING.md
    ${CMAKE_SOURCE_DIR}/packaging/devices.conf ${CMAKE_SOURCE_DIR}/packaging/logrotate
    ${CMAKE_SOURCE_DIR}/packaging/streamd.json
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
    PATTERN "__pycache__" EXCLUDE)

# cpack --config build/release/CPackConfig.cmake -B build/package
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME streamd)
set(CPACK_PACKAGE_VENDOR "the streamd authors")
set(CPACK_PACKAGE_CONTACT "the streamd authors <streamd@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION video)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/postinst
    ${CMAKE_SOURCE_DIR}/packaging/prerm)
include(CPack)
