# Installing, find_package(Conclave), and the packages: a .deb that depends on Debian's libraries, a second one with the
# workbench alone, and a relocatable tarball that carries every library it needs but the C library's.
include(CMakePackageConfigHelpers)

# Packing takes what was built (target programs) and does not build the tests first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(private_dir ${CMAKE_INSTALL_LIBDIR}/conclave)
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Conclave)

install(TARGETS conclave_core conclave_stream conclave_dicom conclave_ultrasound conclave EXPORT ConclaveTargets
        RUNTIME_DEPENDENCY_SET conclave_dependencies
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS conclave_pictures RUNTIME_DEPENDENCY_SET conclave_dependencies
        LIBRARY DESTINATION ${private_dir} COMPONENT runtime)
install(EXPORT ConclaveTargets NAMESPACE Conclave:: DESTINATION ${config_dir} COMPONENT development)
install(DIRECTORY framework models datasets DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/conclave COMPONENT development
        FILES_MATCHING PATTERN "*.h")
install(DIRECTORY assets/ DESTINATION ${CMAKE_INSTALL_DATADIR}/conclave COMPONENT runtime
        PATTERN screenshots EXCLUDE)
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/conclave COMPONENT runtime)

# LibTorch's two libraries and the two small ones they name. No other package has them, so both packages do.
set(libtorch_files)
foreach(name libtorch_cpu.so libc10.so libcupti.so.13 libcudart.so.13)
  if(EXISTS ${CONCLAVE_LIBTORCH_DIR}/lib/${name})
    list(APPEND libtorch_files ${CONCLAVE_LIBTORCH_DIR}/lib/${name})
  endif()
endforeach()
install(PROGRAMS ${libtorch_files} DESTINATION ${private_dir} COMPONENT runtime)
if(EXISTS ${CONCLAVE_LIBTORCH_DIR}/licenses)
  install(DIRECTORY ${CONCLAVE_LIBTORCH_DIR}/licenses/ COMPONENT runtime
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/conclave/libtorch)
endif()

# For the tarball alone: everything else that the libraries load, and DCMTK's dictionary.
install(RUNTIME_DEPENDENCY_SET conclave_dependencies
        PRE_EXCLUDE_REGEXES "^libtorch" "^libc10" "^libcupti" "^libcudart" "^libconclave"
        POST_EXCLUDE_REGEXES "/ld-linux" "/lib(c|m|mvec|dl|rt|pthread|resolv|util|anl)\\.so" "/libnsl\\.so\\.1"
                             "/libstdc\\+\\+" "/libgcc_s"
        DIRECTORIES ${CONCLAVE_LIBTORCH_DIR}/lib
        LIBRARY DESTINATION ${private_dir} COMPONENT bundled EXCLUDE_FROM_ALL)
install(FILES ${DCMTK_DICTIONARY} DESTINATION ${CMAKE_INSTALL_DATADIR}/conclave/dicom COMPONENT bundled EXCLUDE_FROM_ALL)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ConclaveConfig.cmake.in
  ${CMAKE_BINARY_DIR}/ConclaveConfig.cmake INSTALL_DESTINATION ${config_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/ConclaveConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/ConclaveConfig.cmake ${CMAKE_BINARY_DIR}/ConclaveConfigVersion.cmake
        DESTINATION ${config_dir} COMPONENT development)

set(CPACK_PACKAGE_CONTACT "The Conclave authors <conclave@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_FILE_NAME "conclave-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CONCLAVE_LIBTORCH_DIR}/lib" "${CMAKE_BINARY_DIR}/lib")
set(CPACK_CONCLAVE_DEBIAN_COMPONENTS runtime)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME conclave)
set(CPACK_DEBIAN_RUNTIME_FILE_NAME "${CPACK_PACKAGE_FILE_NAME}.deb")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "The programs conclave-*, their libraries and samples.")
if(TARGET conclave-workbench)
  list(APPEND CPACK_CONCLAVE_DEBIAN_COMPONENTS workbench)
  set(CPACK_DEBIAN_WORKBENCH_PACKAGE_NAME conclave-workbench)
  set(CPACK_DEBIAN_WORKBENCH_FILE_NAME "conclave-workbench-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}.deb")
  set(CPACK_DEBIAN_WORKBENCH_PACKAGE_DEPENDS "conclave (= ${PROJECT_VERSION})")
  set(CPACK_COMPONENT_WORKBENCH_DESCRIPTION "The workbench: one window over the programs conclave-* and their history.")
endif()
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_LIST_DIR}/ConclavePack.cmake)
include(CPack)
