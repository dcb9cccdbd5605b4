#include "models/vlm/vqa_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "framework/base/error.h"
#include "framework/moe/routing_log.h"
#include "framework/tensor/state.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// What is built from a configuration, with every complaint under the name of its file.
template <class Build>
auto built_from(const fs::path& file, const Build& build) {
  const Json json = read_json(file, size_t{1} << 20);
  try {
    return build(json);
  } catch (const DataError&) {
    throw;
  } catch (const std::exception& e) {
    const std::string message = e.what();  // LibTorch's goes on with a stack trace
    throw DataError(file.string(), "", message.substr(0, message.find('\n')));
  }
}

// Sizes that decide how much is allocated must agree with the weights before anything is built.
void check_rows(const Json& config, const char* key, const Safetensors& weights, const char* tensor) {
  if (!config.contains(key) || !config[key].is_number_integer() || !weights.contains(tensor)) return;
  const auto shape = weights.shape(tensor);
  const auto rows = config[key].get<int64_t>();
  require<UsageError>(!shape.empty() && shape[0] == rows, "{} = {}, but {} in {} has {} rows", key, rows,
                      tensor, weights.origin(), shape.empty() ? 0 : shape[0]);
}

// No size of a model is beyond this; a product of such sizes may still be, but not by a slip.
constexpr int64_t kLargestSize = int64_t{1} << 24;

void check_sizes(const Json& value, const std::string& path) {
  if (value.is_structured()) {
    for (const auto& [key, entry] : value.items()) check_sizes(entry, fmt::format("{}.{}", path, key));
  } else if (value.is_number()) {
    require<UsageError>(std::abs(value.get<double>()) <= kLargestSize, "{} = {}: is larger than {}", path,
                        value.dump(), kLargestSize);
  }
}

void check_layers(const Json& config, const Safetensors& weights) {
  if (!config.contains("text") || !config["text"].is_object()) return;
  const Json& text = config["text"];
  int64_t layers = 0;
  const std::string prefix = "decoder.layers.";
  for (const auto& name : weights.names())
    if (name.starts_with(prefix))
      layers = std::max<int64_t>(layers, std::strtoll(name.c_str() + prefix.size(), nullptr, 10) + 1);
  const auto limit = [&](const char* key, int64_t there, int64_t most) {
    if (!text.contains(key) || !text[key].is_number_integer()) return;
    require<UsageError>(text[key].get<int64_t>() <= most, "text.{} = {}, but {} has {}", key,
                        text[key].get<int64_t>(), weights.origin(), there);
  };
  limit("layers", layers, layers);
  // A little too wide is told tensor by tensor; far too wide must not be built.
  if (weights.contains("embed_tokens.weight") && weights.shape("embed_tokens.weight").size() == 2) {
    const int64_t width = weights.shape("embed_tokens.weight")[1];
    limit("width", width, 4 * width);
  }
}

// A checkpoint of training also holds the heads that serve training alone.
bool is_training_head(const std::string& name) {
  return name.starts_with("hints.") || name.starts_with("point_head.") || name.starts_with("count_head.");
}

}  // namespace

VqaModel VqaModel::load(const fs::path& folder, at::Device device) {
  if (!fs::is_directory(folder)) throw DataError(folder.string(), "", "no such model folder");
  const fs::path config_file = folder / "config.json", tokenizer_file = folder / "tokenizer.json";
  const fs::path picture_file = folder / "preprocessor_config.json";
  const Safetensors weights(folder);
  const auto vlm = built_from(config_file, [&](const Json& config) {
    check_sizes(config, "config");
    check_layers(config, weights);
    check_rows(config, "vocab_size", weights, "embed_tokens.weight");
    check_rows(config, "max_tiles", weights, "tile_position");
    return make_vlm(config);
  });
  LoadOptions options;
  options.map = options.finite = true;
  options.may_ignore = is_training_head;
  load_state(*vlm, weights, options);
  set_trainable(*vlm, false);
  if (device != at::kCPU) to_device(*vlm, device);

  Tokenizer tokenizer = Tokenizer::load(tokenizer_file);
  if (tokenizer.size() > vlm->vocabulary())
    throw DataError(tokenizer_file.string(), "",
                    fmt::format("has ids up to {}, the model's vocabulary is {}", tokenizer.size() - 1,
                                vlm->vocabulary()));
  const auto picture = built_from(picture_file, [&](const Json& json) {
    auto config = PictureInputConfig::from_json(json, "preprocessor");
    require<UsageError>(config.resize.size == vlm->tile_size(),
                        "size = {}, but the model sees tiles of {} pixels", config.resize.size,
                        vlm->tile_size());
    return config;
  });
  const VlmTokens tokens = VlmTokens::of(tokenizer);
  // Of "runs/small/" the name is "small".
  const fs::path named = folder.has_filename() ? folder : folder.parent_path();
  const fs::path words_file = folder / kWordsFile;
  KnownWords words = fs::exists(words_file) ? KnownWords::load(words_file) : KnownWords();
  return {named.filename().string(), vlm, std::move(tokenizer), tokens, picture, device, std::move(words)};
}

std::map<Site, VqaModel::SitePools> VqaModel::site_pools() const {
  const at::NoGradGuard no_grad;
  std::map<Site, SitePools> pools;
  const auto note = [&](const RoutingLog& log, bool pictures) {
    for (const auto& record : log.records) {
      SitePools& site = pools[record.site];
      site.experts = record.experts;
      site.nulls = record.nulls;
      if (record.routing.expert_TK.defined()) site.slots = record.routing.slots();
      const Tensor& allowed_TE = record.routing.allowed_TE;
      auto& own = pictures ? site.pictures : site.words;
      for (int64_t e = 0; e < record.experts + record.nulls; ++e)
        if (!allowed_TE.defined() || allowed_TE[0][e].item<bool>()) own.push_back(e);
    }
  };
  TokenContext context;
  const int64_t size = vlm->tile_size();
  RoutingLog seen, read;
  seen.keep_logits = read.keep_logits = true;
  context.log = &seen;
  DecodeState state = vlm->read_pictures(at::zeros({1, 1, 3, size, size}, device), {}, context);
  context.log = &read;
  vlm->read_text(at::full({1, 1}, tokens.answer, at::dtype(at::kLong).device(device)), {}, state, context);
  note(seen, true);
  note(read, false);
  return pools;
}

std::map<Site, int64_t> VqaModel::pools() const {
  std::map<Site, int64_t> pools;
  for (const auto& [site, offered] : site_pools()) pools[site] = offered.experts + offered.nulls;
  return pools;
}

}  // namespace conclave
