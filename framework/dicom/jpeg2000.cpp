#include "framework/dicom/jpeg2000.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "framework/base/error.h"

namespace conclave::dicom {
namespace {

struct Bytes {
  std::string_view all;
  size_t at = 0;
};

OPJ_SIZE_T read_some(void* to, OPJ_SIZE_T wanted, void* self) {
  auto& bytes = *static_cast<Bytes*>(self);
  const size_t count = std::min(wanted, bytes.all.size() - bytes.at);
  if (count == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(to, bytes.all.data() + bytes.at, count);
  bytes.at += count;
  return count;
}
OPJ_OFF_T skip_some(OPJ_OFF_T count, void* self) {
  auto& bytes = *static_cast<Bytes*>(self);
  if (count < 0 || static_cast<size_t>(count) > bytes.all.size() - bytes.at) return -1;
  bytes.at += static_cast<size_t>(count);
  return count;
}
OPJ_BOOL seek_to(OPJ_OFF_T place, void* self) {
  auto& bytes = *static_cast<Bytes*>(self);
  if (place < 0 || static_cast<size_t>(place) > bytes.all.size()) return OPJ_FALSE;
  bytes.at = static_cast<size_t>(place);
  return OPJ_TRUE;
}
void keep_first(const char* text, void* told) {
  auto& first = *static_cast<std::string*>(told);
  if (!first.empty()) return;
  first = text;
  while (!first.empty() && first.back() == '\n') first.pop_back();
}

}  // namespace

std::vector<uint8_t> decode_jpeg2000(std::string_view bytes, int64_t width, int64_t height, int64_t samples,
                                     int64_t bits_allocated, const std::string& name) {
  std::string told;
  const auto fail = [&](const std::string& what) {
    throw DataError(name, "", "its JPEG 2000 picture " + what + (told.empty() ? "" : " (" + told + ")"));
  };
  const bool boxed = bytes.size() > 12 && bytes.substr(4, 4) == "jP  ";
  const std::unique_ptr<opj_codec_t, void (*)(opj_codec_t*)> codec(
      opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K), opj_destroy_codec);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  opj_set_error_handler(codec.get(), keep_first, &told);
  opj_set_warning_handler(codec.get(), keep_first, &told);
  Bytes source{bytes};
  const std::unique_ptr<opj_stream_t, void (*)(opj_stream_t*)> stream(opj_stream_default_create(OPJ_TRUE),
                                                                      opj_stream_destroy);
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), bytes.size());
  opj_stream_set_read_function(stream.get(), read_some);
  opj_stream_set_skip_function(stream.get(), skip_some);
  opj_stream_set_seek_function(stream.get(), seek_to);
  opj_image_t* header = nullptr;
  if (!opj_setup_decoder(codec.get(), &parameters) || !opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE) ||
      !opj_read_header(stream.get(), codec.get(), &header))
    fail("is broken");
  const std::unique_ptr<opj_image_t, void (*)(opj_image_t*)> image(header, opj_image_destroy);
  const auto components = static_cast<int64_t>(image->numcomps);
  if (int64_t{image->x1} - image->x0 != width || int64_t{image->y1} - image->y0 != height ||
      components != samples)
    fail(fmt::format("is {} x {} x {}, the file says {} x {} x {}", int64_t{image->x1} - image->x0,
                     int64_t{image->y1} - image->y0, components, width, height, samples));
  for (int64_t c = 0; c < components; ++c)
    if (image->comps[c].dx != 1 || image->comps[c].dy != 1 || image->comps[c].prec > bits_allocated)
      fail("has subsampled or too deep components");
  if (!opj_decode(codec.get(), stream.get(), image.get()) || !opj_end_decompress(codec.get(), stream.get()))
    fail("is broken");

  const int64_t wide = bits_allocated / 8, pixels = width * height;
  std::vector<uint8_t> out(static_cast<size_t>(pixels * samples * wide));
  for (int64_t c = 0; c < components; ++c) {
    const auto& component = image->comps[c];
    if (!component.data || component.w != width || component.h != height) fail("is broken");
    const int64_t shift = component.sgnd ? int64_t{1} << (component.prec - 1) : 0;
    for (int64_t i = 0; i < pixels; ++i) {
      const auto value = static_cast<uint32_t>(component.data[i] + shift);
      for (int64_t b = 0; b < wide; ++b)
        out[static_cast<size_t>((i * samples + c) * wide + b)] = static_cast<uint8_t>(value >> (8 * b));
    }
  }
  return out;
}

}  // namespace conclave::dicom
