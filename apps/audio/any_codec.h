/// A codec for encode and decode: ours, which works as sound comes, or a published one (DAC, EnCodec, Mimi),
/// which needs the whole sound at once.
#pragma once

#include <array>
#include <filesystem>
#include <memory>

#include "models/audio/codec.h"

namespace conclave {

/// Seconds that a published codec takes at once.
inline constexpr double kWholeSeconds = 600;

/// Sound to codes: samples [N] -> codes [K,F] of what is complete; F may be 0.
struct SoundEncoder {
  virtual ~SoundEncoder() = default;
  virtual Tensor push(const Tensor& samples_N) = 0;
  virtual Tensor finish() = 0;
};

/// Codes to sound: codes [K,F] -> samples [N]; N may be 0.
struct SoundDecoder {
  virtual ~SoundDecoder() = default;
  virtual Tensor push(const Tensor& codes_KF) = 0;
  virtual Tensor finish() = 0;
};

struct AnyCodec {
  Ptr<Codec> codec;
  std::array<uint8_t, 16> id{};  ///< begin of the SHA-256 of its weights' file
  bool whole = false;            ///< whether it is a published one

  std::unique_ptr<SoundEncoder> encoder(int64_t books) const;
  std::unique_ptr<SoundDecoder> decoder() const;
};

/// `folder` holds a codec of ours, a voice with one, or a published codec; or it is a weights' file that
/// carries its own configuration (DAC's .pth). Throws UsageError, DataError.
AnyCodec open_any_codec(const std::filesystem::path& folder);

}  // namespace conclave
