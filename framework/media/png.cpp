#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/media/codecs.h"

namespace conclave {
namespace {

struct PngDecoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf back;
  std::string_view left;
  std::string broken, odd;  // the error, the first warning
  std::vector<png_bytep> rows;

  explicit PngDecoder(std::string_view bytes) : left(bytes) {
    png = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp p, png_const_charp text) {
          auto& decoder = *static_cast<PngDecoder*>(png_get_error_ptr(p));
          decoder.broken = text;
          std::longjmp(decoder.back, 1);
        },
        [](png_structp p, png_const_charp text) {
          auto& decoder = *static_cast<PngDecoder*>(png_get_error_ptr(p));
          if (decoder.odd.empty()) decoder.odd = text;
        });
    if (png) info = png_create_info_struct(png);
    require(info, "a PNG decoder cannot be made: no memory");
    png_set_read_fn(png, this, [](png_structp p, png_bytep to, size_t count) {
      auto& from = static_cast<PngDecoder*>(png_get_io_ptr(p))->left;
      if (count > from.size()) png_error(p, "the data end early");
      std::memcpy(to, from.data(), count);
      from.remove_prefix(count);
    });
  }
  ~PngDecoder() { png_destroy_read_struct(&png, &info, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  // The library leaves by longjmp: nothing in here has a destructor.
  bool read(cv::Mat& mat) {
    if (setjmp(back)) return false;
    png_read_info(png, info);
    png_set_expand(png);  // palettes, fewer than 8 bits, transparent colours
    png_set_gray_to_rgb(png);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    mat.create(static_cast<int>(png_get_image_height(png, info)),
               static_cast<int>(png_get_image_width(png, info)),
               CV_MAKETYPE(png_get_bit_depth(png, info) == 16 ? CV_16U : CV_8U, png_get_channels(png, info)));
    rows.resize(static_cast<size_t>(mat.rows));
    for (size_t y = 0; y < rows.size(); ++y) rows[y] = mat.ptr(static_cast<int>(y));
    png_read_image(png, rows.data());
    png_read_end(png, nullptr);
    return true;
  }
};

}  // namespace

cv::Mat decode_png(std::string_view bytes, const std::string& name) {
  PngDecoder decoder(bytes);
  cv::Mat mat;
  if (!decoder.read(mat))
    throw DataError(name, "", fmt::format("the picture cannot be decoded: {}", decoder.broken));
  if (!decoder.odd.empty()) log_warning("{}: {}", name, decoder.odd);
  return mat;
}

}  // namespace conclave
