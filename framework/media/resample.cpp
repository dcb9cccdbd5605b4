#include "framework/media/resample.h"

#include <ATen/ATen.h>

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
#include <libavutil/samplefmt.h>
#include <libswresample/swresample.h>
}

#include <vector>

#include "framework/base/error.h"

namespace conclave {

void Resampler::Free::operator()(SwrContext* context) const {
  swr_free(&context);
}

Resampler::Resampler(const SampleFormat& from, int64_t to_rate) : from_(from) {
  require(from.channels >= 1 && from.sample_rate > 0 && to_rate > 0, "[sound] {} channels, {} to {} Hz",
          from.channels, from.sample_rate, to_rate);
  const auto make = [&](int engine) {
    // Positions of channels do not matter: a layout of that many is enough.
    AVChannelLayout in = {}, out = AV_CHANNEL_LAYOUT_MONO;
    in.order = AV_CHANNEL_ORDER_UNSPEC;
    in.nb_channels = from.channels;
    SwrContext* context = nullptr;
    swr_alloc_set_opts2(&context, &out, AV_SAMPLE_FMT_FLTP, static_cast<int>(to_rate), &in,
                        static_cast<AVSampleFormat>(from.format), from.sample_rate, 0, nullptr);
    swr_.reset(context);
    if (!context) return false;
    const std::vector<double> mean(static_cast<size_t>(from.channels), 1.0 / from.channels);
    if (from.channels > 1 && swr_set_matrix(context, mean.data(), from.channels) < 0) return false;
    av_opt_set_int(context, "resampler", engine, 0);
    return swr_init(context) >= 0;
  };
  require(make(SWR_ENGINE_SOXR) || make(SWR_ENGINE_SWR),
          "[sound] {} channels at {} Hz cannot be converted to mono at {} Hz", from.channels,
          from.sample_rate, to_rate);
}

at::Tensor Resampler::convert(const uint8_t** planes, int count) {
  const int most = swr_get_out_samples(swr_.get(), count);
  require(most >= 0, "[sound] resampling failed");
  at::Tensor out_N = at::empty({most + 1});
  auto* to = reinterpret_cast<uint8_t*>(out_N.mutable_data_ptr<float>());
  const int made = swr_convert(swr_.get(), &to, most + 1, planes, count);
  require(made >= 0, "[sound] resampling failed");
  return out_N.narrow(0, 0, made);
}

at::Tensor Resampler::push(const uint8_t* const* planes, int count) {
  return convert(const_cast<const uint8_t**>(planes), count);
}

at::Tensor Resampler::push(const at::Tensor& mono_N) {
  const at::Tensor x_N = mono_N.contiguous();
  const auto* plane = reinterpret_cast<const uint8_t*>(x_N.const_data_ptr<float>());
  return convert(&plane, static_cast<int>(x_N.size(0)));
}

at::Tensor Resampler::finish() {
  std::vector<at::Tensor> rest;
  do {
    rest.push_back(convert(nullptr, 0).clone());
  } while (rest.back().size(0) > 0);
  return at::cat(rest);
}

at::Tensor resample(const at::Tensor& mono_N, int64_t from_rate, int64_t to_rate) {
  if (from_rate == to_rate) return mono_N;
  Resampler resampler({AV_SAMPLE_FMT_FLTP, 1, static_cast<int>(from_rate)}, to_rate);
  const at::Tensor first = resampler.push(mono_N);
  return at::cat({first, resampler.finish()});
}

}  // namespace conclave
