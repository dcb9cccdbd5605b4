/// Neural codecs: sound to a few codes for each frame, and back.
#pragma once

#include <map>

#include "framework/base/json.h"
#include "framework/tensor/module.h"

namespace conclave {

/// Outputs along the way by name, for comparison with an original.
using Seen = std::map<std::string, Tensor>;

struct Codec : Module {
  int64_t sample_rate = 0;
  int64_t hop = 1;        ///< samples of a frame
  int64_t books = 0;      ///< codebooks there are
  int64_t book_size = 0;  ///< codes of each

  /// Sound [B,C,N] -> codes int64 [B,K,F] of the first K = `use` codebooks.
  virtual Tensor encode(const Tensor& audio_BCN, int64_t use, Seen* seen = nullptr) const = 0;
  /// Codes [B,K,F] -> sound [B,C,N']; N' may differ from what was encoded by less than a frame. Throws Error
  /// for a code that does not exist.
  virtual Tensor decode(const Tensor& codes_BKF, Seen* seen = nullptr) const = 0;
  /// How many codebooks a published setting asks for: kilobits per second where the codec is asked so
  /// (EnCodec), or the number itself.
  virtual int64_t books_for(double setting) const { return static_cast<int64_t>(setting); }
  /// Bits of a second of codes of `use` codebooks.
  double bits_per_second(int64_t use) const;

 protected:
  void check_codes(const Tensor& codes_BKF) const;
};

/// {"kind": "dac" | "encodec" | "mimi" | "spectral", ...}: docs/checkpoints.md lists the keys. Throws
/// UsageError that names the key.
Ptr<Codec> make_codec(const Json& config);

}  // namespace conclave
