#include "apps/audio/music_recipe.h"

#include "datasets/music_set.h"
#include "framework/base/config_object.h"

namespace conclave {
namespace {

constexpr int64_t kMostSteps = 10'000'000, kMostPieces = 4096, kLongestWindow = 1 << 16;

MusicRecipe::Source parse_source(const Json& json, const std::string& path) {
  ConfigObject c(json, path);
  MusicRecipe::Source source;
  source.set = c.need<std::string>("set");
  source.style = c.need<std::string>("style");
  source.weight = c.get("weight", 1.0);
  source.validated = c.get_integer("validated", 0);
  c.finish();
  require<UsageError>(source.weight > 0, "{} = {}: must be above 0", c.name("weight"), source.weight);
  return source;
}

}  // namespace

MusicRecipe parse_music_recipe(const Json& json) {
  ConfigObject c(json, "recipe");
  MusicRecipe recipe;
  recipe.source = json;
  c.one_of("kind", {"music"});
  recipe.name = c.need<std::string>("name");
  recipe.half = c.one_of("weights", {"bfloat16", "float32"}) == "bfloat16";
  recipe.model = c.part("model");
  const Json& sources = c.part("data");
  require<UsageError>(sources.is_array() && !sources.empty(), "{} must be a list of sets", c.name("data"));
  for (size_t i = 0; i < sources.size(); ++i)
    recipe.sources.push_back(parse_source(sources[i], fmt::format("recipe.data.{}", i)));
  recipe.losses = c.get<Json>("losses", Json::array());
  recipe.task.transpose = static_cast<int>(std::min<int64_t>(c.get_integer("transpose", 6), kPianoKeys));
  recipe.task.window = c.get_integer("window", recipe.task.window, 2);
  recipe.task.whole = c.get("whole", recipe.task.whole);
  recipe.task.factored = c.get("factored", true);
  recipe.task.independent = c.get("independent", recipe.task.independent);
  recipe.task.anneal = c.get("anneal", recipe.task.anneal);
  recipe.trains = c.get("trains", recipe.trains);
  recipe.train = parse_train_options(c.part("train"), "recipe.train");
  c.finish();
  recipe.task.steps = recipe.train.steps;
  require<UsageError>(recipe.task.anneal >= 0 && recipe.task.anneal <= 1,
                      "recipe.anneal = {}: must be in [0, 1]", recipe.task.anneal);
  require<UsageError>(recipe.task.factored || recipe.task.independent > 0,
                      "recipe.factored is false and recipe.independent 0: nothing would be trained");
  require<UsageError>(recipe.task.independent >= 0, "recipe.independent = {}: must be 0 or more",
                      recipe.task.independent);
  require<UsageError>(recipe.task.whole >= 0 && recipe.task.whole <= 1,
                      "recipe.whole = {}: must be in [0, 1]", recipe.task.whole);
  require<UsageError>(recipe.task.window <= kLongestWindow, "recipe.window = {}: must be at most {}",
                      recipe.task.window, kLongestWindow);
  require<UsageError>(recipe.train.batch <= kMostPieces, "recipe.train.batch = {}: must be at most {}",
                      recipe.train.batch, kMostPieces);
  require<UsageError>(recipe.train.steps <= kMostSteps, "recipe.train.steps = {}: must be at most {}",
                      recipe.train.steps, kMostSteps);
  return recipe;
}

MusicData open_music_data(const MusicRecipe& recipe, const MusicLm& model,
                          const std::filesystem::path& data) {
  MusicData opened;
  for (const auto& source : recipe.sources) {
    const int64_t style = model.style(source.style);
    opened.train.push_back({load_music_set(source.set, data, "train").pieces, style, source.weight});
    MusicShare valid{load_music_set(source.set, data, "valid").pieces, style, source.weight};
    if (source.validated > 0 && source.validated < std::ssize(valid.pieces))
      valid.pieces.resize(static_cast<size_t>(source.validated));
    opened.valid.push_back(std::move(valid));
  }
  return opened;
}

}  // namespace conclave
