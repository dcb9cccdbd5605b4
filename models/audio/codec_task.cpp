#include "models/audio/codec_task.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/base/config_object.h"
#include "models/audio/sound_distance.h"

namespace conclave {
namespace {

constexpr double kEvaluationLevel = -20;  // dB of full scale

double between(double low, double high, Random& random) {
  return low + (high - low) * random.uniform();
}

}  // namespace

CodecTaskOptions parse_codec_task(const Json& config, const std::string& path) {
  ConfigObject c(config, path);
  CodecTaskOptions o;
  o.frames = c.get_integer("frames", o.frames, 8);
  for (const auto& [key, value] : {std::pair("mel_weight", &o.mel_weight),
                                   {"wave_weight", &o.wave_weight},
                                   {"commitment_weight", &o.commitment_weight},
                                   {"dropout", &o.dropout},
                                   {"speed", &o.speed}}) {
    *value = c.get<double>(key, *value);
    require<UsageError>(*value >= 0, "{} = {}: must not be negative", c.name(key), *value);
  }
  require<UsageError>(o.dropout <= 1 && o.speed < 0.9 && o.frames <= 10000,
                      "{}: dropout may be up to 1, speed up to 0.9, frames up to 10000", path);
  o.decoder_only = c.get("decoder_only", o.decoder_only);
  o.quiet = c.get<double>("quiet", o.quiet);
  o.loud = c.get<double>("loud", o.loud);
  require<UsageError>(o.quiet <= o.loud && o.loud <= 0 && o.quiet >= -90,
                      "{}: levels must be -90 <= quiet <= loud <= 0", path);
  c.finish();
  return o;
}

Tensor at_level(const Tensor& audio_N, double decibels) {
  const double level = audio_N.numel() > 0 ? audio_N.square().mean().sqrt().item<double>() : 0;
  if (level == 0) return audio_N;
  const double wanted = std::pow(10, decibels / 20);
  return audio_N * std::min(wanted / level, 1000.0);
}

CodecTask::CodecTask(Ptr<SpectralCodec> codec, std::vector<std::vector<Tensor>> sources,
                     std::vector<Tensor> held_out, CodecTaskOptions options)
    : codec_(std::move(codec)),
      sources_(std::move(sources)),
      held_out_(std::move(held_out)),
      options_(options) {
  std::erase_if(sources_, [](const auto& clips) { return clips.empty(); });
  for (const auto& clips : sources_) items_ += static_cast<int64_t>(clips.size());
  require<UsageError>(items_ > 0, "[codec] no clips to train on");
  set_trainable(*codec_, !options_.decoder_only);
  if (options_.decoder_only)
    for (const char* part : {"from_latent", "coarse_out", "up.", "fine_out", "last_norm", "head"})
      set_trainable(*codec_, true, part);
}

Tensor CodecTask::crop(Random& random) const {
  const auto& clips = sources_[random.below(sources_.size())];
  Tensor clip_N = clips[random.below(clips.size())];
  const double speed = between(1 - options_.speed, 1 + options_.speed, random);
  const auto length = static_cast<int64_t>(static_cast<double>(clip_N.size(0)) / speed);
  if (length > 0)
    clip_N = at::upsample_linear1d(clip_N.view({1, 1, -1}), {length}, /*align_corners=*/false).flatten();
  const int64_t wanted = options_.frames * codec_->hop, over = clip_N.size(0) - wanted;
  const auto place = static_cast<int64_t>(random.below(static_cast<uint64_t>(std::abs(over)) + 1));
  clip_N = over > 0 ? clip_N.narrow(0, place, wanted) : at::constant_pad_nd(clip_N, {place, -over - place});
  return at_level(clip_N, between(options_.quiet, options_.loud, random));
}

QuantisedFrames CodecTask::quantise(const Tensor& wanted_BN, const MicroBatch& batch, Random& random) {
  const auto drawn = [&] {
    return random.chance(options_.dropout)
               ? 1 + static_cast<int64_t>(random.below(static_cast<uint64_t>(codec_->books)))
               : codec_->books;
  };
  CausalPast past;
  if (options_.decoder_only) {  // all crops of a step take equally many codebooks
    const at::NoGradGuard no_grad;
    const Tensor frames_BDF = codec_->analyse(codec_->with_lookahead(wanted_BN), past);
    const Tensor kept_BDF = codec_->quantizer->decode(codec_->quantizer->encode(frames_BDF, drawn()));
    return {kept_BDF, (frames_BDF - kept_BDF).square().mean(), 0};
  }
  std::vector<int64_t> use;
  for (int64_t i = 0; i < wanted_BN.size(0); ++i) use.push_back(drawn());
  return quantise_and_learn(*codec_->quantizer, codec_->analyse(codec_->with_lookahead(wanted_BN), past),
                            at::tensor(use, at::kLong), batch.step == 0 && batch.part == 0, options_.learning,
                            random);
}

StepLoss CodecTask::loss(MicroBatch& batch) {
  std::vector<Tensor> crops;
  for (size_t i = 0; i < batch.items.size(); ++i) crops.push_back(crop(batch.random));
  const Tensor wanted_BN = at::stack(crops);
  const auto quantised = quantise(wanted_BN, batch, batch.random);
  CausalPast past;
  const Tensor made_BN = codec_->synthesise(quantised.frames_BDF, past);
  const Tensor mel = mel_distance(made_BN, wanted_BN, codec_->sample_rate);
  const Tensor wave = (made_BN - wanted_BN).abs().mean();
  StepLoss result;
  result.weight = static_cast<double>(crops.size());
  result.loss = options_.mel_weight * mel + options_.wave_weight * wave +
                options_.commitment_weight * quantised.commitment;
  result.metrics = {{"mel_distance", mel.item<double>()},
                    {"wave", wave.item<double>()},
                    {"commitment", quantised.commitment.item<double>()},
                    {"revived", static_cast<double>(quantised.revived)}};
  return result;
}

Metrics CodecTask::evaluate() {
  if (held_out_.empty()) return {};
  Metrics sums;
  for (const auto& clip_N : held_out_) {
    const Tensor wanted_BN = at_level(clip_N, kEvaluationLevel).unsqueeze(0);
    const Tensor codes = codec_->encode(wanted_BN.unsqueeze(1), codec_->books);
    const auto made = [&](int64_t use) {
      return codec_->decode(codes.narrow(1, 0, use)).select(1, 0).narrow(1, 0, clip_N.size(0));
    };
    const Tensor all = made(codec_->books);
    sums["mel_distance"] += mel_distance(all, wanted_BN, codec_->sample_rate).item<double>();
    sums["si_sdr"] += si_sdr(all, wanted_BN).item<double>();
    sums["mel_distance_half"] +=
        mel_distance(made((codec_->books + 1) / 2), wanted_BN, codec_->sample_rate).item<double>();
  }
  for (auto& [name, value] : sums) value /= static_cast<double>(held_out_.size());
  return sums;
}

}  // namespace conclave
