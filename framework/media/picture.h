/// Pictures from files or memory to tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace conclave {

/// How outside pictures are opened.
struct PictureOptions {
  std::string background = "white";      ///< white, black or grey: what shows through transparent pixels
  int64_t max_pixels = 100'000'000;      ///< checked against the header, before anything is decoded
  size_t max_bytes = size_t{256} << 20;  ///< of the file
};

/// A PNG, JPEG, WebP, TIFF or GIF (its first frame) as uint8 [H,W,3], RGB, upright (EXIF orientation
/// applied); 16-bit samples become 8-bit, grey and palette colours RGB. Throws DataError for a missing, cut
/// off, broken or too large file and for one that is no picture, UsageError for an unknown background.
at::Tensor load_picture(const std::filesystem::path& path, const PictureOptions& options = {});

/// The same from memory; `name` stands in the messages.
at::Tensor decode_picture(std::string_view bytes, const std::string& name,
                          const PictureOptions& options = {});

/// float [3,H,W] = (picture / 255 - mean) / std per channel, of uint8 [H,W,3].
at::Tensor normalize_picture(const at::Tensor& picture_HW3, const std::array<double, 3>& mean,
                             const std::array<double, 3>& std);

}  // namespace conclave
