# What is installed: programs, pages, man pages, completions, documents, the unit file and its account.
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

# Where zsh looks below /usr/local, and on most systems below /usr; packages of Debian have a folder of their own.
set(ST_ZSH_DIR zsh/site-functions CACHE STRING "Folder of zsh's completions, below share")
foreach(entry bash:bash-completion/completions zsh:${ST_ZSH_DIR} fish:fish/vendor_completions.d)
    string(REPLACE ":" ";" entry ${entry})
    list(GET entry 0 shell)
    list(GET entry 1 folder)
    install(DIRECTORY ${CMAKE_SOURCE_DIR}/completions/${shell}/
        DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder} OPTIONAL)
endforeach()

# The unit names the program by its full path, which is known only when the prefix is: at install
# time (cmake --install --prefix, the package). systemd reads this folder below /usr and /usr/local.
install(CODE "
    set(BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
    configure_file(\"${CMAKE_SOURCE_DIR}/packaging/streamd.service.in\"
        \"${CMAKE_BINARY_DIR}/streamd.service\" @ONLY)")
install(FILES ${CMAKE_BINARY_DIR}/streamd.service DESTINATION lib/systemd/system)
# The account of the service, for systemd-sysusers.
install(FILES ${CMAKE_SOURCE_DIR}/packaging/sysusers DESTINATION lib/sysusers.d RENAME streamd.conf)
# The pages as they lie here, so that their links lead somewhere.
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${CMAKE_SOURCE_DIR}/README.md ${CMAKE_SOURCE_DIR}/CHANGELOG.md
    ${CMAKE_SOURCE_DIR}/ARCHITECTURE.md ${CMAKE_SOURCE_DIR}/CONTRIBUTING.md
    ${CMAKE_SOURCE_DIR}/packaging/devices.conf ${CMAKE_SOURCE_DIR}/packaging/logrotate
    ${CMAKE_SOURCE_DIR}/packaging/streamd.json
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/packaging/prometheus ${CMAKE_SOURCE_DIR}/packaging/grafana
    DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR}
    PATTERN "__pycache__" EXCLUDE)
