# What other projects use: the libraries, their headers, a CMake package and a pkg-config module.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ukstore)

set(archives)
foreach(part store merge sync)
  if(TARGET ukstore_${part})
    set_target_properties(ukstore_${part} PROPERTIES EXPORT_NAME ${part})
    add_library(ukstore::${part} ALIAS ukstore_${part})
    install(TARGETS ukstore_${part} EXPORT ukstore ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(DIRECTORY ${part}/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ukstore/${part}
            FILES_MATCHING PATTERN "*.h")
    # A static library comes before those that it needs.
    string(PREPEND archives "-lukstore_${part} ")
  endif()
endforeach()
if(TARGET ukstore_exchange)
  set_target_properties(ukstore_exchange PROPERTIES EXPORT_NAME exchange)
  add_library(ukstore::exchange ALIAS ukstore_exchange)
  install(TARGETS ukstore_exchange EXPORT ukstore ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  string(PREPEND archives "-lukstore_exchange ")
endif()
install(FILES merge/ukstore.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ukstore)
install(EXPORT ukstore NAMESPACE ukstore:: DESTINATION ${package_dir} FILE ukstoreTargets.cmake)

configure_file(cmake/ukstoreConfig.cmake ukstoreConfig.cmake COPYONLY)
write_basic_package_version_file(ukstoreConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ukstoreConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/ukstoreConfigVersion.cmake DESTINATION ${package_dir})

# Relative, so that the installed tree can be moved.
set(pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pc /${pc_dir} /)
configure_file(cmake/ukstore.pc.in ukstore.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/ukstore.pc DESTINATION ${pc_dir})
