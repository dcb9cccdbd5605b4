# The libraries of DCMTK that are used. Its own CMake files name those of programs and tests too.
find_path(DCMTK_INCLUDE_DIR dcmtk/dcmdata/dctk.h REQUIRED)
add_library(conclave_dcmtk INTERFACE)
target_include_directories(conclave_dcmtk SYSTEM INTERFACE ${DCMTK_INCLUDE_DIR})
foreach(part cmr dcmsr dcmseg dcmfg dcmiod dcmnet dcmjpeg dcmjpls dcmimage dcmimgle dcmdata oflog ofstd)
  find_library(DCMTK_${part}_LIBRARY ${part} REQUIRED)
  target_link_libraries(conclave_dcmtk INTERFACE ${DCMTK_${part}_LIBRARY})
endforeach()
# What its elements are called; the library reads this file when it starts.
file(GLOB DCMTK_DICTIONARY /usr/share/libdcmtk*/dicom.dic)
