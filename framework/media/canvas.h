/// Drawing on a picture: tints, frames and labels, saved as PNG.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <string>

namespace conclave {

using Rgb = std::array<uint8_t, 3>;

/// Colours that are told apart by people with any common colour vision (Okabe and Ito), repeated from the
/// ninth.
Rgb category_color(int64_t index);

/// Places outside the canvas are cut off.
class Canvas {
 public:
  /// A blank canvas.
  Canvas(int64_t width, int64_t height, Rgb ground);

  int64_t width() const { return picture_HW3_.size(1); }
  int64_t height() const { return picture_HW3_.size(0); }
  /// uint8 [H,W,3], enlarged by a whole factor, every pixel a block.
  void paste(const at::Tensor& picture_HW3, int64_t x, int64_t y, int64_t factor);
  /// Mixes `color` over a rectangle; alpha 1 covers it.
  void tint(int64_t x, int64_t y, int64_t width, int64_t height, Rgb color, double alpha);
  void frame(int64_t x, int64_t y, int64_t width, int64_t height, Rgb color);
  /// One line of text, its upper left corner at (x, y), letters about `size` pixels high.
  void text(int64_t x, int64_t y, const std::string& words, Rgb color, double size = 12);
  static int64_t text_width(const std::string& words, double size = 12);
  /// Throws Error when the file cannot be written.
  void save(const std::filesystem::path& file) const;

 private:
  at::Tensor picture_HW3_;
};

}  // namespace conclave
