#include "apps/audio/routing_bands.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace conclave {
namespace {

// Mean weight of each expert, nulls too, over the tokens of each frame [F,E].
Tensor weights_by_frame(const Record& record, const Tensor& frame_T, int64_t frames) {
  const int64_t experts = record.experts + record.nulls;
  const Tensor expert_TK = record.routing.expert_TK.to(at::kLong), chosen_TK = expert_TK.ge(0);
  const Tensor weight_TK = record.routing.weight_TK.to(at::kFloat).masked_fill(chosen_TK.logical_not(), 0);
  const Tensor weight_TE =
      at::zeros({expert_TK.size(0), experts}).scatter_add(1, expert_TK.clamp_min(0), weight_TK);
  const Tensor sum_FE = at::zeros({frames, experts}).index_add(0, frame_T, weight_TE);
  const Tensor count_F = at::zeros({frames}).index_add(0, frame_T, at::ones_like(frame_T, at::kFloat));
  return sum_FE / count_F.clamp_min(1).unsqueeze(1);
}

}  // namespace

// A window begins with the record of its prompt, which has several tokens; then there is one record a step.
std::vector<RoutingBand> speech_bands(const RoutingLog& log, const std::vector<WordTime>& words,
                                      int64_t hop) {
  std::vector<std::pair<int64_t, int64_t>> windows;  // begin and end
  for (const auto& word : words) {
    if (word.window == std::ssize(windows)) windows.emplace_back(word.begin, word.end);
    windows.back().second = word.end;
  }
  std::map<int, RoutingBand> bands;
  std::map<int, std::pair<int64_t, int64_t>> at;  // window and step of each layer
  for (const auto& record : log.records) {
    auto& [window, step] = at.try_emplace(record.site, -1, 0).first->second;
    if (record.routing.tokens() > 1) {
      ++window;
      step = 0;
      continue;
    }
    RoutingBand& band = bands[record.site];
    band.name = fmt::format("layer {}", record.site);
    band.experts = record.experts;
    band.nulls = record.nulls;
    if (window < 0 || window >= std::ssize(windows)) continue;
    const auto& [begin, end] = windows[static_cast<size_t>(window)];
    const int64_t frame = begin / hop + step++;
    if (frame * hop >= end) continue;  // the last codebooks come behind the sound's end
    std::vector<float> weight(static_cast<size_t>(record.experts + record.nulls));
    const Tensor expert_K = record.routing.expert_TK[0].contiguous(),
                 weight_K = record.routing.weight_TK[0].to(at::kFloat).contiguous();
    for (int64_t k = 0; k < expert_K.numel(); ++k) {
      const int32_t e = expert_K.const_data_ptr<int32_t>()[k];
      if (e >= 0) weight[static_cast<size_t>(e)] += weight_K.const_data_ptr<float>()[k];
    }
    band.weight[frame] = std::move(weight);
  }
  std::vector<RoutingBand> list;
  for (auto& [site, band] : bands) list.push_back(std::move(band));
  return list;
}

std::vector<RoutingBand> music_bands(const MusicLm& model, int64_t style, const PianoRoll& roll,
                                     int64_t most) {
  at::NoGradGuard no_grad;
  const int64_t frames = std::min<int64_t>(std::ssize(roll.frames), most);
  if (frames == 0) return {};
  const std::span<const Chord> pieces[] = {std::span(roll.frames).first(static_cast<size_t>(frames))};
  const NoteBatch batch = make_note_batch(pieces);
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  const Tensor features = model.read(batch, at::full({1}, style, at::kLong), context);
  const size_t in_time = log.records.size();
  model.chord_nll(features, batch, context);
  std::vector<RoutingBand> bands;
  for (size_t i = 0; i < log.records.size(); ++i) {
    const Record& record = log.records[i];
    RoutingBand band{
        fmt::format("{} {}", i < in_time ? "time" : "chord", record.site), record.experts, record.nulls, {}};
    const int64_t experts = record.experts + record.nulls;
    const Tensor frame_T = i < in_time ? at::arange(frames, at::kLong) : record.context.sequence_T;
    const Tensor weight_FE = weights_by_frame(record, frame_T, frames).contiguous();
    const float* const weight = weight_FE.const_data_ptr<float>();
    for (int64_t f = 0; f < frames; ++f) band.weight[f] = {weight + f * experts, weight + (f + 1) * experts};
    bands.push_back(std::move(band));
  }
  return bands;
}

Json bands_json(const std::vector<RoutingBand>& bands, const std::function<double(int64_t)>& seconds_of) {
  int64_t frames = 0;
  for (const RoutingBand& band : bands)
    if (!band.weight.empty()) frames = std::max(frames, band.weight.rbegin()->first + 1);
  Json times = Json::array(), layers = Json::array();
  for (int64_t f = 0; f <= frames; ++f) times.push_back(seconds_of(f));
  for (const RoutingBand& band : bands) {
    Json weights = Json::array();
    for (int64_t f = 0; f < frames; ++f) {
      const auto found = band.weight.find(f);
      Json list;
      if (found != band.weight.end())
        for (const float weight : found->second) list.push_back(std::round(1000.0 * weight) / 1000);
      weights.push_back(std::move(list));
    }
    layers.push_back({{"name", band.name},
                      {"experts", band.experts},
                      {"nulls", band.nulls},
                      {"weights", std::move(weights)}});
  }
  return {{"times", std::move(times)}, {"layers", std::move(layers)}};
}

}  // namespace conclave
