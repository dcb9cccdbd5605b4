# conclave_sources(<library> [EXCEPT <folder>...] [NO_PCH <file>...]): adds every .cpp of the calling folder to
# <library>. NO_PCH files are kernels with flags of their own, which the precompiled header would not fit.
function(conclave_sources library)
  cmake_parse_arguments(ARG "" "" "EXCEPT;NO_PCH" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(folder ${ARG_EXCEPT})
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${folder}/")
  endforeach()
  target_sources(${library} PRIVATE ${sources})
  if(ARG_NO_PCH)
    set_source_files_properties(${ARG_NO_PCH} TARGET_DIRECTORY ${library}
                                PROPERTIES SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
endfunction()

# conclave_join(<folder>): where six files are compiled as one (CMAKE_UNITY_BUILD), they are of one folder, for all
# targets made below <folder>. So a new file changes no other folder's groups, and the names that a file keeps to
# itself need to differ only within its folder.
function(conclave_join directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources INCLUDE REGEX "^/.*\\.cpp$")
    list(SORT sources)
    set(before "")
    foreach(source ${sources})
      get_filename_component(folder ${source} DIRECTORY)
      if(NOT folder STREQUAL before)
        set(before ${folder})
        set(count 0)
      endif()
      math(EXPR part "${count} / 6")
      math(EXPR count "${count} + 1")
      file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${folder})
      string(MAKE_C_IDENTIFIER "${name}_${part}" group)
      set_source_files_properties(${source} DIRECTORY ${directory} PROPERTIES UNITY_GROUP ${group})
    endforeach()
    if(sources)
      set_target_properties(${target} PROPERTIES UNITY_BUILD_MODE GROUP)
    endif()
  endforeach()
  get_property(folders DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(folder ${folders})
    conclave_join(${folder})
  endforeach()
endfunction()

# conclave_precompile(<name> <library>... HEADERS <header>...): a precompiled header for targets that link these
# libraries; they take it with conclave_reuse(<target> <name>). A library of its own, because
# the header of a library that exports symbols would not fit other targets.
function(conclave_precompile name)
  cmake_parse_arguments(ARG "" "" "HEADERS" ${ARGN})
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp CONTENT "")
  add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_UNPARSED_ARGUMENTS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  # By this sum ccache knows the header, instead of reading its hundreds of megabytes for every file.
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir)
  set(header cmake_pch.hxx.gch)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    set(header cmake_pch.hxx.pch)
  endif()
  add_custom_command(OUTPUT ${folder}/${header}.sum DEPENDS ${folder}/${header} WORKING_DIRECTORY ${folder}
                     COMMAND ${CMAKE_COMMAND} -E sha256sum ${header} > ${header}.sum)
  add_custom_target(${name}_sum DEPENDS ${folder}/${header}.sum)
endfunction()

# conclave_reuse(<target> <name>): compiles it with the header that conclave_precompile(<name>) makes.
function(conclave_reuse target name)
  target_precompile_headers(${target} REUSE_FROM ${name})
  add_dependencies(${target} ${name}_sum)
endfunction()

# Takes conclave_<kind> when `libraries` have LibTorch, conclave_ui_<kind> when they have Qt, else conclave_core_<kind>.
function(conclave_use_precompiled target kind)
  if("conclave" IN_LIST ARGN)
    conclave_reuse(${target} conclave_${kind})
  elseif("conclave_ui" IN_LIST ARGN)
    conclave_reuse(${target} conclave_ui_${kind})
  else()
    conclave_reuse(${target} conclave_core_${kind})
  endif()
endfunction()

# conclave_app(<program> <library>...): a program made of every .cpp of the calling folder; `programs` builds all.
function(conclave_app program)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(start ${CMAKE_SOURCE_DIR}/apps/start/quiet_waiting.cpp ${CMAKE_SOURCE_DIR}/apps/start/quick_end.cpp)
  add_executable(${program} ${sources} ${start})
  # Apart, so that a test can take a program's other objects.
  set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/main.cpp ${start} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(${program} PRIVATE ${ARGN})
  conclave_use_precompiled(${program} pch ${ARGN})
  add_dependencies(programs ${program})
  set(lib "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  set_target_properties(${program} PROPERTIES INSTALL_RPATH "${lib};${lib}/conclave")
  install(TARGETS ${program} RUNTIME_DEPENDENCY_SET conclave_dependencies
          RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endfunction()

# conclave_manual(<program>): installs the man page and the completion that the program prints of itself, asked when it
# is installed, as it is built by then.
function(conclave_manual program)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/manual)
  install(CODE "file(MAKE_DIRECTORY \"${folder}\")
execute_process(COMMAND \"$<TARGET_FILE:${program}>\" --man OUTPUT_FILE \"${folder}/${program}.1\"
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND \"$<TARGET_FILE:${program}>\" --completion OUTPUT_FILE \"${folder}/${program}\"
                COMMAND_ERROR_IS_FATAL ANY)" COMPONENT runtime)
  install(FILES ${folder}/${program}.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT runtime)
  install(FILES ${folder}/${program} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT runtime)
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
  conclave_use_precompiled(${name} test_pch ${ARGN})
  add_test(NAME ${folder} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()
