#include "apps/vqa/train_folder.h"

#include <charconv>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/train/checkpoint.h"
#include "models/vlm/vqa_model.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr const char* kRunFile = "run.json";

// Of "stages.2.train.steps" 2.
std::optional<size_t> stage_of(const std::string& key) {
  constexpr std::string_view kStages = "stages.";
  if (!key.starts_with(kStages)) return std::nullopt;
  size_t index = 0;
  std::from_chars(key.data() + kStages.size(), key.data() + key.size(), index);
  return index;
}

void write_words(const fs::path& folder, const Ingredients& ingredients) {
  ingredients.tokenizer.save(folder / "tokenizer.json");
  ingredients.words.save(folder / VqaModel::kWordsFile);
}

}  // namespace

fs::path TrainFolder::stage(size_t index) const {
  return folder_ / fmt::format("stage-{}-{}", index + 1, recipe_.stages.at(index).name);
}

bool TrainFolder::begun(size_t index) const {
  return fs::exists(stage_weights(index)) || TrainingCheckpoints(stage(index)).newest();
}

std::optional<TrainFolder::Place> TrainFolder::place() const {
  for (size_t i = recipe_.stages.size(); i-- > 0;)
    if (begun(i)) return Place{i, TrainingCheckpoints(stage(i)).newest().value_or(0)};
  return std::nullopt;
}

bool TrainFolder::done(size_t index) const {
  if (!fs::exists(stage_weights(index))) return false;
  const auto step = TrainingCheckpoints(stage(index)).newest();
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
  const Json before_seed = run().value("seed", Json());
  require<UsageError>(before_seed.is_null() || before_seed == seed,
                      "{} was begun with --seed {}, not {}: give that seed or another --out",
                      folder_.string(), before_seed.dump(), seed);
  return changes;
}

// What begin() wrote; nothing, where there is no file.
Json TrainFolder::run() const {
  const fs::path file = folder_ / kRunFile;
  if (!begun() || !fs::exists(file)) return Json::object();
  const Json run = read_json(file);
  if (!run.is_object() || !run.value("data", Json::object()).is_object())
    throw DataError(file.string(), "", "does not tell with what this run was begun: {\"seed\", \"data\"}");
  return run;
}

void TrainFolder::check_data(const Ingredients& now) const {
  const Json& data = now.data;
  const Json before = run().value("data", Json::object());
  for (const auto& [name, was] : before.items()) {
    if (!data.contains(name) || data[name] == was) continue;
    const Json had = was.is_object() ? was.value("samples", Json()) : Json();
    const Json has = data[name]["samples"];
    throw UsageError(fmt::format(
        "sources.{}: not the data that {} was begun with ({}): give the same --data or another --out", name,
        folder_.string(),
        had == has ? fmt::format("{} samples then and now, but other questions, answers or picture names",
                                 has.dump())
                   : fmt::format("{} samples then, {} now", had.dump(), has.dump())));
  }
}

void TrainFolder::begin(const std::vector<RecipeChange>& changes, const Ingredients& ingredients,
                        uint64_t seed) const {
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
  Json all = run().value("data", Json::object());  // sources that are no longer used stay known
  all.update(ingredients.data);
  write_file(folder_ / kRunFile, Json{{"seed", seed}, {"data", all}}.dump(2) + "\n");
  write_file(kept, recipe.dump(2) + "\n");
  write_words(folder_, ingredients);
}

void write_model_files(const fs::path& folder, const Vlm& model, const Ingredients& ingredients) {
  write_file(folder / "config.json", model.config.dump(2) + "\n");
  write_file(folder / "preprocessor_config.json", ingredients.picture.to_json().dump(2) + "\n");
  write_words(folder, ingredients);
}

}  // namespace conclave
