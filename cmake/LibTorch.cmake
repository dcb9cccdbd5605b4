# LibTorch as one imported target. The package's own TorchConfig.cmake asks for a whole CUDA toolkit and
# fails under CMake 3.25 when one is present, so it is not used.
set(CONCLAVE_LIBTORCH "${CMAKE_SOURCE_DIR}/build/libtorch" CACHE PATH
    "LibTorch, or an installed Python torch package (scripts/setup makes the default)")
if(NOT EXISTS "${CONCLAVE_LIBTORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "No LibTorch in ${CONCLAVE_LIBTORCH}: run scripts/setup, "
                      "or give -DCONCLAVE_LIBTORCH=DIR")
endif()
file(REAL_PATH "${CONCLAVE_LIBTORCH}" CONCLAVE_LIBTORCH_DIR)

add_library(conclave_libtorch INTERFACE)
target_link_libraries(conclave_libtorch INTERFACE "${CONCLAVE_LIBTORCH_DIR}/lib/libtorch_cpu.so"
                                                  "${CONCLAVE_LIBTORCH_DIR}/lib/libc10.so")
# The wheel carries a {fmt} of its own, which must come after the system's: hence -idirafter.
target_compile_options(conclave_libtorch INTERFACE
  "SHELL:-idirafter ${CONCLAVE_LIBTORCH_DIR}/include"
  "SHELL:-idirafter ${CONCLAVE_LIBTORCH_DIR}/include/torch/csrc/api/include")
target_link_options(conclave_libtorch INTERFACE -Wl,--allow-shlib-undefined
                    "-Wl,-rpath-link,${CONCLAVE_LIBTORCH_DIR}/lib")
