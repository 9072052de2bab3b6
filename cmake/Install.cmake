# cmake --install: headers, library, tool, and a package for find_package(actinium).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/actinium)
install(DIRECTORY include/actinium DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS actinium EXPORT actiniumTargets)
if(TARGET actinium_tool)
  install(TARGETS actinium_tool)
endif()
install(EXPORT actiniumTargets NAMESPACE actinium:: DESTINATION ${package_dir})
configure_package_config_file(cmake/actiniumConfig.cmake.in ${PROJECT_BINARY_DIR}/actiniumConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/actiniumConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/actiniumConfig.cmake ${PROJECT_BINARY_DIR}/actiniumConfigVersion.cmake
  DESTINATION ${package_dir})
