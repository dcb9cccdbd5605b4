# Build options, compiler flags and the tools that make a rebuild quick.
option(CONCLAVE_WERROR "Warnings are errors" OFF)
option(CONCLAVE_FUZZ "Build the fuzz targets (needs clang)" OFF)
set(CONCLAVE_SANITIZE "" CACHE STRING "Sanitizers, as given to -fsanitize=")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

# -O3 takes longer to compile and gains nothing here: kernels are written as vectors.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
# Line numbers in a backtrace; full debug information doubles the time and makes objects 70 times as large.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# A precompiled header made with -fPIC is silently rejected in -fPIE code, so programs use -fPIC too.
set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# The old kind of run path also holds for the libraries of our libraries: the tarball carries some.
add_link_options(-Wl,--disable-new-dtags)

# A library that lacks another one fails when it is linked, not when a program calls what is missing.
if(NOT CONCLAVE_SANITIZE AND NOT CONCLAVE_FUZZ)
  add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>:-Wl,-z,defs>)
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
if(CONCLAVE_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_UNITY_BUILD)
  # Six files are compiled as one (conclave_join): what the headers' templates cost is then paid once. The preset dev
  # compiles file by file and has every warning as an error; joined files draw some that the single ones do not deserve.
  add_compile_options(-w)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Winvalid-pch> $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
endif()
if(CONCLAVE_SANITIZE)
  add_compile_options(-fsanitize=${CONCLAVE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CONCLAVE_SANITIZE})
endif()
if(CONCLAVE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "CONCLAVE_FUZZ needs clang: use the fuzz preset")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # CCACHE_DEPEND: what is not in the cache is not preprocessed twice, a fifth of a build from nothing.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_DEPEND=1 CCACHE_PCH_EXTSUM=1
      ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()
