#include "models/audio/music/music_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/tensor/safetensors.h"
#include "framework/tensor/state.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRouterPart = ".router.";  // stays float32 in a model of bfloat16
constexpr double kLargestSize = 1 << 14;         // no size of a model of notes is beyond this

// Sizes decide how much is allocated, so they are looked at before anything is built.
void check_sizes(const Json& value, const std::string& path) {
  if (value.is_structured()) {
    for (const auto& [key, entry] : value.items()) check_sizes(entry, path + "." + key);
  } else if (value.is_number() && !path.ends_with(".theta")) {
    require<UsageError>(std::abs(value.get<double>()) <= kLargestSize, "{} = {}: is larger than {}", path,
                        value.dump(), kLargestSize);
  }
}

// The weights must be as wide and as deep as the configuration says.
void check_fit(const Json& config, const Safetensors& weights) {
  const std::string depth = fmt::format("frames.layers.{}.input_layernorm.weight",
                                        config.at("frames").value("layers", int64_t{1}) - 1);
  require<UsageError>(weights.contains(depth), "{} has no {}", weights.origin(), depth);
  const auto shape = weights.shape(depth);
  require<UsageError>(shape.size() == 1 && shape[0] == config.at("frames").value("width", int64_t{0}),
                      "config.frames.width is not that of {} in {}", depth, weights.origin());
}

}  // namespace

Ptr<MusicLm> load_music_lm(const fs::path& folder) {
  if (!fs::is_directory(folder)) throw DataError(folder.string(), "", "no such model folder");
  const fs::path file = folder / "config.json";
  const Json config = read_json(file, size_t{1} << 20);
  const Safetensors weights(folder);
  Ptr<MusicLm> model;
  try {
    check_sizes(config, "config");
    check_fit(config, weights);
    model = make_music_lm(config);
  } catch (const DataError&) {
    throw;
  } catch (const std::exception& e) {
    const std::string message = e.what();  // LibTorch's goes on with a stack trace
    throw DataError(file.string(), "", message.substr(0, message.find('\n')));
  }
  LoadOptions options;
  options.map = options.finite = true;
  load_state(*model, weights, options);
  set_trainable(*model, false);
  return model;
}

void save_music_lm(MusicLm& model, const fs::path& folder, bool half,
                   const std::map<std::string, std::string>& metadata) {
  write_file(folder / "config.json", model.config.dump(2) + "\n");
  if (half) to_dtype(model, at::kBFloat16, {kRouterPart});
  save_state(model, folder / "model.safetensors", metadata);
}

MusicParameters music_parameters(MusicLm& model, const Trace& trace) {
  MusicParameters parameters{count_parameters(model), 0};
  parameters.active = static_cast<double>(parameters.total);
  const auto subtract_idle = [&](const Ptr<Layer>& moe) {
    if (!moe) return;
    const auto bank = static_cast<double>(count_parameters(*moe->experts));
    const auto experts = static_cast<size_t>(moe->experts->count());
    const auto found = trace.sites().find(moe->site);
    if (found == trace.sites().end()) return;
    const auto& totals = found->second;
    double slots = 0, tokens = 0;
    for (size_t row = 0; row < kTraceRows; ++row) {
      tokens += static_cast<double>(totals.tokens[row]);
      for (size_t e = 0; e < experts; ++e)
        slots += static_cast<double>(totals.count[row * static_cast<size_t>(totals.experts) + e]);
    }
    if (tokens > 0) parameters.active -= bank * (1 - slots / tokens / static_cast<double>(experts));
  };
  for (const auto& block : model.frames->layers) subtract_idle(block->moe);
  for (const auto& block : model.voices) subtract_idle(block->moe);
  return parameters;
}

}  // namespace conclave
