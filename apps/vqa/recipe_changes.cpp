#include "apps/vqa/recipe_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace conclave {
namespace {

constexpr size_t kShown = 6;         // changes
constexpr size_t kValueLength = 60;  // characters

template <size_t N>
bool among(const std::array<std::string_view, N>& known, std::string_view key) {
  return std::find(known.begin(), known.end(), key) != known.end();
}

constexpr std::array<std::string_view, 14> kTrain = {
    "steps",  "batch",         "accumulate",       "schedule",  "clip_norm",
    "dtype",  "max_bad_steps", "checkpoint_every", "keep_last", "evaluate_every",
    "metric", "maximize",      "min_delta",        "patience"};
constexpr std::array<std::string_view, 5> kOptimizer = {"beta1", "beta2", "epsilon", "weight_decay",
                                                        "decay_vectors"};
constexpr std::array<std::string_view, 2> kGroup = {"lr_scale", "weight_decay"};
constexpr std::array<std::string_view, 3> kMix = {"weight", "pictures", "questions"};

using KeyPath = std::vector<std::string>;

bool safe_in_training(const KeyPath& path, const RecipeChange& change) {  // stages.N.train. ...
  const auto& key = path[3];
  if (key == "ema_decay")  // an average cannot begin or vanish in between
    return change.before.is_number() && change.after.is_number() && change.before > 0 && change.after > 0;
  if (key != "optimizer") return among(kTrain, key);
  if (path.size() == 5) return among(kOptimizer, path[4]);
  return path.size() == 7 && path[4] == "groups" && among(kGroup, path[6]);
}

bool is_safe(const KeyPath& path, const RecipeChange& change, const Json& before, const Json& after) {
  const auto& top = path[0];
  if (path.size() == 1) return top == "name" || top == "weights";
  if (top == "sources") {  // one that is new, or no longer needed; what the mix names is looked at on its own
    const auto has = [&](const Json& recipe) {
      return recipe.contains("sources") && recipe["sources"].contains(path[1]);
    };
    return !has(before) || !has(after);
  }
  if (top != "stages" || path.size() < 4) return false;
  if (path[2] == "evaluate" || path[2] == "losses") return true;
  if (path[2] == "mix") return path.size() == 5 && among(kMix, path[4]);
  return path[2] == "train" && safe_in_training(path, change);
}

struct RecipeComparison {
  const Json &before, &after;  // whole recipes
  std::vector<RecipeChange> found = {};

  // Absent is as good as empty.
  void compare(const Json& a, const Json& b, KeyPath& path) {
    if (a == b || (a.empty() && b.empty())) return;
    const bool objects = (a.is_object() || a.is_null()) && (b.is_object() || b.is_null());
    const bool lists = (a.is_array() || a.is_null()) && (b.is_array() || b.is_null());
    const Json none;
    const auto step = [&](const std::string& name, const Json& x, const Json& y) {
      path.push_back(name);
      compare(x, y, path);
      path.pop_back();
    };
    if (objects) {
      for (const auto& [key, value] : a.items()) step(key, value, b.contains(key) ? b[key] : none);
      for (const auto& [key, value] : b.items())
        if (!a.contains(key)) step(key, none, value);
    } else if (lists) {
      for (size_t i = 0; i < std::max(a.size(), b.size()); ++i)
        step(std::to_string(i), i < a.size() ? a[i] : none, i < b.size() ? b[i] : none);
    } else {
      RecipeChange change{fmt::format("{}", fmt::join(path, ".")), a, b};
      change.safe = is_safe(path, change, before, after);
      found.push_back(std::move(change));
    }
  }
};

std::string shown(const Json& value) {
  if (value.is_null()) return "absent";
  const std::string text = value.dump();
  return text.size() <= kValueLength ? text : fmt::format("{:.{}}...", text, kValueLength);
}

}  // namespace

std::string RecipeChange::text() const {
  return fmt::format("{} was {}, is now {}", key, shown(before), shown(after));
}

std::vector<RecipeChange> recipe_changes(const Json& before, const Json& after) {
  RecipeComparison comparison{before, after};
  KeyPath path;
  comparison.compare(before, after, path);
  return std::move(comparison.found);
}

std::string changes_text(const std::vector<RecipeChange>& changes) {
  std::string text;
  for (size_t i = 0; i < std::min(changes.size(), kShown); ++i)
    text += (text.empty() ? "" : "; ") + changes[i].text();
  if (changes.size() > kShown) text += fmt::format("; and {} more", changes.size() - kShown);
  return text;
}

}  // namespace conclave
