/// Where things lie in a DICOM file, walked through element by element before any other code reads it: the
/// place to refuse a file that is cut off, nested without end, or that promises more than it holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::dicom {

/// Bytes of the file.
struct Extent {
  uint64_t begin = 0, size = 0;
};

struct Layout {
  std::string transfer_syntax;  ///< UID
  bool big_endian = false, implicit = false;
  std::map<uint32_t, Extent> elements;  ///< values at the top level, by group << 16 | element; no sequences
  bool has_pixels = false;
  bool pixels_as_words = false;            ///< native pixels have VR OW: big-endian files swap their bytes
  Extent pixels;                           ///< native pixel data
  std::vector<Extent> fragments;           ///< encapsulated pixel data, without the offset table
  std::vector<uint64_t> fragment_offsets;  ///< of each fragment's item, as the offset table counts
  std::vector<uint32_t> offset_table;      ///< basic offset table; may be empty
  bool encapsulated = false;
};

/// Throws DataError with the offset for bytes that are no DICOM file, cut off, nested deeper than 32 or of a
/// deflated transfer syntax. `bytes` is the whole file.
Layout read_layout(std::string_view bytes, const std::string& name);

}  // namespace conclave::dicom
