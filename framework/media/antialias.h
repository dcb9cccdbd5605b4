/// Resizing as Pillow does it: filters that widen when a picture shrinks.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace conclave {

/// uint8 [H,W,C] -> uint8 [height,width,C], along the rows and then along the columns, with Pillow's
/// rounding: every pixel is that of Image.resize up to release 12 (13 begins with the columns of tall
/// pictures). `filter`: nearest, box, bilinear, hamming, bicubic, lanczos. Throws UsageError for another
/// filter or an empty picture.
at::Tensor antialiased_resize(const at::Tensor& picture_HWC, int64_t height, int64_t width,
                              const std::string& filter);

}  // namespace conclave
