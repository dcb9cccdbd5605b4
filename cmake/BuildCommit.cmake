# A script: writes OUTPUT, which tells the commit of SOURCE_DIR, unless it tells that already.
set(commit "")
set(git ${CMAKE_COMMAND} -E env GIT_OPTIONAL_LOCKS=0 git -c core.fsmonitor=false -C ${SOURCE_DIR})
execute_process(COMMAND ${git} rev-parse --show-toplevel
                OUTPUT_VARIABLE top OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
file(REAL_PATH "${SOURCE_DIR}" source)
if(top STREQUAL source)  # sources that were unpacked inside another repository have no commit
  execute_process(COMMAND ${git} describe --always --dirty --abbrev=40 --exclude=*
                  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(text "namespace conclave {\nconst char* build_commit() {\n  return \"${commit}\";\n}\n}  // namespace conclave\n")
set(before "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL before)
  file(WRITE ${OUTPUT} "${text}")
endif()
