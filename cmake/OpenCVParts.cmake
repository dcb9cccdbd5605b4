# OpenCV's core, imgproc and imgcodecs alone. OpenCVConfig.cmake ships only with the package of all modules,
# which would bring VTK, GDAL and a second protobuf.
find_path(OPENCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4 REQUIRED)
foreach(part core imgproc imgcodecs)
  find_library(OPENCV_${part}_LIBRARY opencv_${part} REQUIRED)
  add_library(opencv_${part} INTERFACE IMPORTED)
  target_link_libraries(opencv_${part} INTERFACE ${OPENCV_${part}_LIBRARY})
  target_include_directories(opencv_${part} SYSTEM INTERFACE ${OPENCV_INCLUDE_DIR})
endforeach()
