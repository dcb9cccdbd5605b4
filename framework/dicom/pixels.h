/// One frame's stored bytes to RGB: decompression and colour, through DCMTK and OpenJPEG.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "framework/dicom/frame.h"

class DcmDataset;

namespace conclave::dicom {

/// A frame of more is refused, whatever its header says.
inline constexpr int64_t kMostPixels = 100'000'000;

enum class Coding : uint8_t { native, rle, jpeg, jpeg_ls, jpeg_2000, video, unknown };

Coding coding_of(const std::string& transfer_syntax);

/// How the pixels of a file are stored (PS3.3 C.7.6.3).
struct PixelFormat {
  std::string transfer_syntax, photometric;
  int64_t width = 0, height = 0, samples = 1, bits_allocated = 8, planar = 0;
  bool swap_words = false;  ///< big-endian words

  /// Bytes of one native frame.
  int64_t frame_bytes() const;
};

/// `bytes`: one frame as stored. `header` gives palettes and windows. Monochrome pictures are shown through
/// their first window where they have one. Throws DataError for broken bytes; what a codec only warns of is
/// an error too, since it would leave part of a picture grey.
Frame decode_frame(std::string_view bytes, const PixelFormat& format, DcmDataset& header,
                   const std::string& name);

}  // namespace conclave::dicom
