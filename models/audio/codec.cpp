#include "models/audio/codec.h"

#include <ATen/ATen.h>

#include <bit>

#include "framework/base/config_object.h"
#include "models/audio/dac.h"
#include "models/audio/encodec.h"
#include "models/audio/mimi.h"
#include "models/audio/spectral_codec.h"

namespace conclave {

void Codec::check_codes(const Tensor& codes_BKF) const {
  require(codes_BKF.dim() == 3 && codes_BKF.size(1) >= 1 && codes_BKF.size(1) <= books,
          "[codec] codes must be [B,K,F] with K from 1 to {}", books);
  require(codes_BKF.numel() == 0 ||
              (codes_BKF.min().item<int64_t>() >= 0 && codes_BKF.max().item<int64_t>() < book_size),
          "[codec] codes must be from 0 to {}", book_size - 1);
}

double Codec::bits_per_second(int64_t use) const {
  const auto bits = use * std::bit_width(static_cast<uint64_t>(book_size - 1));
  return static_cast<double>(bits * sample_rate) / static_cast<double>(hop);
}

Ptr<Codec> make_codec(const Json& config) {
  const auto kind = ConfigObject(config, "codec").one_of("kind", {"dac", "encodec", "mimi", "spectral"});
  if (kind == "dac") return make_dac(config);
  if (kind == "encodec") return make_encodec(config);
  if (kind == "spectral") return make_spectral_codec(config);
  return make_mimi(config);
}

}  // namespace conclave
