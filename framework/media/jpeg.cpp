#include <csetjmp>
#include <cstdio>

// Needs <cstdio> and does not include it; the codes of jerror.h turn on its version.
#include <jpeglib.h>

#include <jerror.h>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/media/codecs.h"

namespace conclave {
namespace {

struct JpegDecoder {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf back;
  char broken[JMSG_LENGTH_MAX] = {};  // the error, or the first warning that pixels are missing
  char odd[JMSG_LENGTH_MAX] = {};     // the first other warning

  JpegDecoder() {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr common) {
      auto& decoder = *static_cast<JpegDecoder*>(common->client_data);
      common->err->format_message(common, decoder.broken);
      std::longjmp(decoder.back, 1);
    };
    errors.emit_message = [](j_common_ptr common, int level) {
      if (level >= 0) return;  // a trace
      auto& decoder = *static_cast<JpegDecoder*>(common->client_data);
      char* text = loses_pixels(common->err->msg_code) ? decoder.broken : decoder.odd;
      if (*text == 0) common->err->format_message(common, text);
    };
    errors.output_message = [](j_common_ptr) {};
    jpeg_create_decompress(&info);
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  static bool loses_pixels(int code) {
    return code == JWRN_HIT_MARKER || code == JWRN_JPEG_EOF || code == JWRN_HUFF_BAD_CODE ||
           code == JWRN_ARITH_BAD_CODE || code == JWRN_MUST_RESYNC;
  }

  // The library leaves by longjmp: nothing in here has a destructor.
  bool read(const unsigned char* bytes, size_t size, cv::Mat& mat) {
    if (setjmp(back)) return false;
    jpeg_mem_src(&info, bytes, size);
    jpeg_read_header(&info, TRUE);
    info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info);
    if (*broken) return false;  // a progressive one has been read by now
    mat.create(static_cast<int>(info.output_height), static_cast<int>(info.output_width),
               CV_8UC(info.output_components));
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = mat.ptr(static_cast<int>(info.output_scanline));
      jpeg_read_scanlines(&info, &row, 1);
      if (*broken) return false;
    }
    jpeg_finish_decompress(&info);
    return *broken == 0;
  }
};

// Inks as Adobe writes them, inverted.
cv::Mat rgb_of_cmyk(const cv::Mat& cmyk) {
  cv::Mat rgb(cmyk.rows, cmyk.cols, CV_8UC3);
  for (int y = 0; y < cmyk.rows; ++y) {
    const auto* from = cmyk.ptr<uchar>(y);
    auto* to = rgb.ptr<uchar>(y);
    for (int x = 0; x < cmyk.cols; ++x, from += 4, to += 3)
      for (int c = 0; c < 3; ++c) to[c] = static_cast<uchar>(from[3] - ((255 - from[c]) * from[3] >> 8));
  }
  return rgb;
}

}  // namespace

cv::Mat decode_jpeg(std::string_view bytes, const std::string& name) {
  JpegDecoder decoder;
  cv::Mat mat;
  if (!decoder.read(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), mat))
    throw DataError(name, "", fmt::format("the picture cannot be decoded: {}", decoder.broken));
  if (*decoder.odd) log_warning("{}: {}", name, decoder.odd);
  return mat.channels() == 4 ? rgb_of_cmyk(mat) : mat;
}

}  // namespace conclave
