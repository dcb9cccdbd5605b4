/// What a picture file says of itself, read without decoding it: the place to refuse a file that would take
/// too much memory, that ends early, or that is no picture at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace conclave {

enum class PictureFormat { kPng, kJpeg, kWebp, kTiff, kGif };

struct PictureHeader {
  PictureFormat format = PictureFormat::kPng;
  int64_t width = 0, height = 0;  ///< as stored, before `orientation`
  int orientation = 1;            ///< EXIF: 1 .. 8, 1 = upright
  bool animated = false;          ///< of WebP and PNG; GIF frames are counted by the decoder
  int64_t largest_plane = 0;      ///< pixels of the largest buffer that decoding takes
};

/// Reads the header and walks through the file's parts. Throws DataError that says what the bytes are when
/// they are no PNG, JPEG, WebP, TIFF or GIF, and where they end when they are cut off.
PictureHeader read_picture_header(std::string_view bytes, const std::string& name);

/// What bytes seem to be, for messages: "a WAV sound file"; empty when unknown.
std::string describe_bytes(std::string_view bytes);

}  // namespace conclave
