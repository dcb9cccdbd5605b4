#include "apps/vqa/train_folder.h"

#include <charconv>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/train/checkpoint.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// Of "stages.2.train.steps" 2.
std::optional<size_t> stage_of(const std::string& key) {
  constexpr std::string_view kStages = "stages.";
  if (!key.starts_with(kStages)) return std::nullopt;
  size_t index = 0;
  std::from_chars(key.data() + kStages.size(), key.data() + key.size(), index);
  return index;
}

}  // namespace

fs::path TrainFolder::stage(size_t index) const {
  return folder_ / fmt::format("stage-{}-{}", index + 1, recipe_.stages.at(index).name);
}

bool TrainFolder::begun(size_t index) const {
  return fs::exists(stage_weights(index)) || CheckpointFolder(stage(index)).newest();
}

std::optional<TrainFolder::Place> TrainFolder::place() const {
  for (size_t i = recipe_.stages.size(); i-- > 0;)
    if (begun(i)) return Place{i, CheckpointFolder(stage(i)).newest().value_or(0)};
  return std::nullopt;
}

bool TrainFolder::done(size_t index) const {
  if (!fs::exists(stage_weights(index))) return false;
  const auto step = CheckpointFolder(stage(index)).newest();
  const bool last = place()->stage == index;
  return !last || !step || *step >= recipe_.stages[index].train.steps;
}

std::vector<RecipeChange> TrainFolder::check(uint64_t seed) const {
  const auto now = place();
  const fs::path kept = folder_ / "recipe.json";
  if (!now || !fs::exists(kept)) return {};
  Json before = read_json(kept);
  before.erase("changes");
  const auto changes = recipe_changes(before, recipe_.source);
  std::vector<RecipeChange> unsafe, late;
  for (const auto& change : changes) {
    if (!change.safe) unsafe.push_back(change);
    if (const auto stage = stage_of(change.key); stage && *stage < now->stage) late.push_back(change);
  }
  require<UsageError>(unsafe.empty(),
                      "{} was begun with another recipe: {}; change it back or give another --out",
                      folder_.string(), changes_text(unsafe));
  require<UsageError>(
      late.empty(),
      "{} has come to stage {}, so the stages before stay as they were: {}; change it back or "
      "give another --out",
      folder_.string(), recipe_.stages[now->stage].name, changes_text(late));
  for (size_t i = 0; i <= now->stage; ++i) {
    const CheckpointFolder checkpoints(stage(i));
    const auto step = checkpoints.newest();
    if (!step) continue;
    const Json state = read_json(checkpoints.path_of(*step) / "state.json");
    if (!state.is_object() || !state.contains("seed") || !state["seed"].is_number_integer()) continue;
    const auto begun_with = state["seed"].get<uint64_t>() - i;  // each stage has one of its own
    require<UsageError>(begun_with == seed,
                        "{} was begun with --seed {}, not {}: give that seed or another --out",
                        folder_.string(), begun_with, seed);
  }
  return changes;
}

void TrainFolder::begin(const std::vector<RecipeChange>& changes, const Tokenizer& tokenizer) const {
  const fs::path kept = folder_ / "recipe.json";
  const auto now = place();
  Json told = Json::array();
  if (now && fs::exists(kept)) told = read_json(kept).value("changes", told);
  for (const auto& change : changes)
    told.push_back({{"key", change.key},
                    {"old", change.before},
                    {"new", change.after},
                    {"stage", recipe_.stages[now->stage].name},
                    {"step", now->step}});
  Json recipe = recipe_.source;
  if (!told.empty()) recipe["changes"] = told;
  write_file(kept, recipe.dump(2) + "\n");
  tokenizer.save(folder_ / "tokenizer.json");
}

void write_model_files(const fs::path& folder, const Vlm& model, const Tokenizer& tokenizer,
                       const PictureInputConfig& picture) {
  write_file(folder / "config.json", model.config.dump(2) + "\n");
  write_file(folder / "preprocessor_config.json", picture.to_json().dump(2) + "\n");
  tokenizer.save(folder / "tokenizer.json");
}

}  // namespace conclave
