#include "apps/vqa/recipe_limits.h"

#include <algorithm>
#include <array>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kMaxWeights = 1e9;       // 4 GB, and 16 GB with gradients and moments
constexpr double kMaxQuestions = 65536;   // of a micro-batch
constexpr double kMaxPictureBytes = 4e9;  // of a micro-batch
constexpr double kMaxOther = 1ll << 24;   // what a model's config.json may hold
constexpr size_t kMaxStages = 100;

struct Limit {
  std::string_view key;
  double most;
};
constexpr std::array kLimits = std::to_array<Limit>({
    {"vocabulary", 1 << 20}, {"max_pixels", 1 << 30},   {"size", 4096},
    {"image", 4096},         {"max_tiles", 1024},       {"width", 16384},
    {"widths", 16384},       {"hidden", 65536},         {"layers", 256},
    {"blocks", 256},         {"heads", 1024},           {"experts", 4096},
    {"count", 4096},         {"registers", 1024},       {"pictures", 4096},
    {"questions", 4096},     {"weight", 1e6},           {"steps", 1e9},
    {"warmup", 1e9},         {"batch", 4096},           {"accumulate", 65536},
    {"max_bad_steps", 1e6},  {"checkpoint_every", 1e9}, {"keep_last", 1e6},
    {"evaluate_every", 1e9}, {"patience", 1e9},         {"min_delta", 1e12},
    {"clip_norm", 1e12},
});

double limit_of(std::string_view key) {
  const auto found =
      std::find_if(kLimits.begin(), kLimits.end(), [&](const Limit& l) { return l.key == key; });
  return found == kLimits.end() ? kMaxOther : found->most;
}

// `key` is the nearest name of an object above the value.
void check_numbers(const Json& value, const std::string& key, const std::string& path) {
  if (value.is_object()) {
    for (const auto& [name, entry] : value.items())
      if (name != "seed") check_numbers(entry, name, path.empty() ? name : path + "." + name);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) check_numbers(value[i], key, fmt::format("{}[{}]", path, i));
  } else if (value.is_number()) {
    const double limit = limit_of(key);
    require<UsageError>(value.get<double>() <= limit, "{} = {}: the limit is {:.0f}", path, value.dump(),
                        limit);
  }
}

// The largest number that stands under one of these names, at any depth.
double largest(const Json& value, std::initializer_list<std::string_view> names, double found = 0) {
  if (!value.is_structured()) return found;
  for (const auto& [name, entry] : value.items()) {
    const bool named = value.is_object() && std::find(names.begin(), names.end(), name) != names.end();
    if (named && entry.is_number()) found = std::max(found, entry.get<double>());
    found = largest(entry, names, found);
  }
  return found;
}

const Json& part(const Json& object, const char* key) {
  static const Json kNone = Json::object();
  return object.is_object() && object.contains(key) ? object[key] : kNone;
}

double number(const Json& object, const char* key, double fallback) {
  const Json& value = part(object, key);
  return value.is_number() ? value.get<double>() : fallback;
}

// Of attention and gated FFNs, or as many experts: more than there are, by no more than what a layer's kind
// may save.
double weights_of_stack(const Json& stack) {
  const double width = number(stack, "width", 0);
  const double hidden = std::max(largest(part(stack, "ffn"), {"hidden"}), 4 * width);
  const Json& moe = part(stack, "moe");
  const double experts = std::max(largest(moe, {"experts", "count"}), 1.0);
  const double bank = moe.empty() ? 0 : experts * largest(moe, {"hidden"});
  return number(stack, "layers", 0) * (4 * width * width + 3 * width * std::max(hidden, bank));
}

double weights_of_convolutions(const Json& vision) {
  double weights = 0, before = 3;
  for (const Json& entry : part(vision, "widths")) {
    const double width = entry.is_number() ? entry.get<double>() : 0;
    weights += 9 * (before * width + 2 * number(vision, "blocks", 1) * width * width);
    before = width;
  }
  return weights;
}

void check_weights(const Json& recipe) {
  const Json &model = part(recipe, "model"), &text = part(model, "text"), &vision = part(model, "vision");
  const double words = number(recipe, "vocabulary", 512) * number(text, "width", 0);
  const double weights =
      words + weights_of_stack(text) + weights_of_stack(vision) + weights_of_convolutions(vision);
  require<UsageError>(weights <= kMaxWeights,
                      "model: comes to about {:.1f} billion weights, the limit is {:.0f} billion: lower its "
                      "width, layers, hidden or experts",
                      weights / 1e9, kMaxWeights / 1e9);
}

void check_batches(const Json& recipe) {
  const Json &picture = part(recipe, "picture"), &stages = part(recipe, "stages");
  const double size = number(picture, "size", 224), tiles = number(part(recipe, "model"), "max_tiles", 1);
  for (size_t s = 0; s < stages.size() && stages.is_array(); ++s) {
    for (const char* list : {"mix", "evaluate"}) {
      const Json& mix = part(stages[s], list);
      for (size_t m = 0; m < mix.size() && mix.is_array(); ++m) {
        const double pictures = number(mix[m], "pictures", 16), questions = number(mix[m], "questions", 1);
        const std::string name = fmt::format("stages[{}].{}[{}]", s, list, m);
        require<UsageError>(
            pictures * questions <= kMaxQuestions,
            "{}: {} pictures with {} questions each are {:.0f} questions in a micro-batch, the "
            "limit is {:.0f}",
            name, pictures, questions, pictures * questions, kMaxQuestions);
        const double bytes = pictures * tiles * 3 * size * size * sizeof(float);
        require<UsageError>(
            bytes <= kMaxPictureBytes,
            "{}: {} pictures of up to {} tiles of {} x {} take {:.1f} GB in a micro-batch, the "
            "limit is {:.0f} GB: lower pictures, model.max_tiles or picture.size",
            name, pictures, tiles, size, size, bytes / 1e9, kMaxPictureBytes / 1e9);
      }
    }
  }
}

}  // namespace

void check_recipe_limits(const Json& recipe) {
  if (!recipe.is_object()) return;
  check_numbers(recipe, "", "");
  require<UsageError>(part(recipe, "stages").size() <= kMaxStages, "stages: there are {}, the limit is {}",
                      part(recipe, "stages").size(), kMaxStages);
  check_weights(recipe);
  check_batches(recipe);
}

}  // namespace conclave
