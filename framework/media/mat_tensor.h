/// Between OpenCV's matrices and tensors. Kept out of the public headers, which know no OpenCV.
#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>

#include "framework/media/picture.h"
#include "framework/media/picture_header.h"

namespace conclave {

/// A view of uint8 [H,W,3]; the tensor must be contiguous and outlive it.
cv::Mat mat_of(const at::Tensor& picture_HW3);

/// A copy of an 8-bit, three-channel matrix, channels in the order they have.
at::Tensor tensor_of(const cv::Mat& mat);

/// An 8-bit RGB matrix of 8-bit RGBA, transparent pixels on `background`.
cv::Mat on_background(const cv::Mat& rgba, const std::string& background);

/// Turned and mirrored as EXIF orientation 1 .. 8 says.
cv::Mat upright(const cv::Mat& mat, int orientation);

/// Throws DataError that names size and limit when decoding would take more than options.max_pixels.
void check_picture_size(const PictureHeader& header, const PictureOptions& options, const std::string& name);

}  // namespace conclave
