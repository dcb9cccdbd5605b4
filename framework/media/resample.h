/// Sample rates, channels and formats, converted by libswresample (with libsoxr's filters where it has them).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

struct SwrContext;

namespace conclave {

/// As FFmpeg's decoders hand samples out.
struct SampleFormat {
  int format = 0;  ///< AVSampleFormat
  int channels = 1;
  int sample_rate = 0;
  bool operator==(const SampleFormat&) const = default;
};

/// Piece by piece to float32 mono at another rate; channels are averaged.
class Resampler {
 public:
  /// Throws Error when the conversion is not possible.
  Resampler(const SampleFormat& from, int64_t to_rate);
  bool fits(const SampleFormat& format) const { return format == from_; }
  /// `count` samples of each channel -> what is ready, [N].
  at::Tensor push(const uint8_t* const* planes, int count);
  at::Tensor push(const at::Tensor& mono_N);
  /// The rest.
  at::Tensor finish();

 private:
  at::Tensor convert(const uint8_t** planes, int count);
  struct Free {
    void operator()(SwrContext* context) const;
  };
  SampleFormat from_;
  std::unique_ptr<SwrContext, Free> swr_;
};

/// Float32 mono at another rate, the same bits each time.
at::Tensor resample(const at::Tensor& mono_N, int64_t from_rate, int64_t to_rate);

}  // namespace conclave
