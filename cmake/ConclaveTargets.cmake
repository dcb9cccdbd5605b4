# conclave_sources(<library> [NO_PCH <file>...]): adds every .cpp of the calling folder to <library>.
# NO_PCH files are kernels with flags of their own, which the precompiled header would not fit.
function(conclave_sources library)
  cmake_parse_arguments(ARG "" "" "NO_PCH" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  target_sources(${library} PRIVATE ${sources})
  if(ARG_NO_PCH)
    set_source_files_properties(${ARG_NO_PCH} TARGET_DIRECTORY ${library}
                                PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# conclave_app(<program> <library>...): a program made of every .cpp of the calling folder.
function(conclave_app program)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(${program} ${sources} ${CMAKE_SOURCE_DIR}/apps/start/quiet_waiting.cpp)
  target_link_libraries(${program} PRIVATE ${ARGN})
  set_target_properties(${program} PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# conclave_tests(<folder> <library>...): one test program for tests/<folder>, one ctest entry.
# LibTorch takes a quarter of a second to start, so an entry per case would cost more than the cases.
function(conclave_tests folder)
  string(REPLACE "/" "_" name test_${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*_test.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources} ${CMAKE_SOURCE_DIR}/apps/start/quiet_waiting.cpp)
  target_link_libraries(${name} PRIVATE ${ARGN} conclave_testing GTest::gmock)
  add_test(NAME ${folder} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()
