# Parts that are built where they can be. One status line each says what came of it.
option(CONCLAVE_CUDA "Look for CUDA" ON)
option(CONCLAVE_UI "Build the Qt workbench" ON)

# There are no CUDA kernels yet, so this only tells what is there; the programs run on the CPU.
find_program(CONCLAVE_NVCC nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(NOT CONCLAVE_CUDA)
  message(STATUS "CUDA: left out (CONCLAVE_CUDA is off)")
elseif(NOT CONCLAVE_NVCC)
  message(STATUS "CUDA: not found (no nvcc)")
elseif(NOT EXISTS "${CONCLAVE_LIBTORCH_DIR}/lib/libtorch_cuda.so")
  message(STATUS "CUDA: not found (${CONCLAVE_NVCC}, but a LibTorch for the CPU)")
else()
  message(STATUS "CUDA: found (${CONCLAVE_NVCC}); there are no kernels to build for it yet")
endif()

if(CONCLAVE_UI)
  add_subdirectory(ui)
else()
  message(STATUS "Workbench: left out (CONCLAVE_UI is off)")
endif()
