/// Pictures of any size on a canvas of one size, and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace conclave::ultrasound {

using at::Tensor;

/// A grey picture, proportions kept, in the middle of a black canvas.
struct Canvas {
  Tensor grey_HW;                                    ///< uint8
  int64_t left = 0, top = 0, width = 0, height = 0;  ///< where the picture lies
  int64_t picture_width = 0, picture_height = 0;     ///< before
};

/// uint8 [h,w,3], RGB -> uint8 [h,w].
Tensor grey_of(const Tensor& picture_HW3);
/// uint8 [h,w] on a canvas; shrinking averages areas. Throws Error for an empty picture.
Canvas fit_canvas(const Tensor& grey_hw, int64_t height, int64_t width);
/// A mask (not 0: inside) like its picture: uint8, 255 where the whole pixel is inside.
Tensor fit_mask(const Tensor& mask_hw, int64_t height, int64_t width);
/// Float values over the canvas [H,W] -> over the picture [h,w], bilinear.
Tensor to_picture(const Canvas& canvas, const Tensor& value_HW);
/// uint8 [N,H,W] -> float [N,1,H,W], the network's input.
Tensor network_input(const Tensor& grey_NHW);

}  // namespace conclave::ultrasound
