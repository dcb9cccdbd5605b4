#include "apps/audio/music_train.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "apps/audio/music_recipe.h"
#include "apps/audio/routing_figures.h"
#include "apps/audio/training_run.h"
#include "apps/common/app.h"
#include "apps/routing/routing_rows.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/moe/experts/merge_specialists.h"
#include "models/audio/music/music_model.h"
#include "models/audio/music/music_scores.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

MusicRecipe recipe_of(const MusicTraining& asked, Invocation& call) {
  MusicRecipe recipe = parse_music_recipe(asked.recipe);
  prepare_training(recipe.train, recipe.source, asked.out, call);
  return recipe;
}

// Weights to begin with, and which of them learn.
void prepare_model(MusicLm& model, const MusicRecipe& recipe, const MusicTraining& asked) {
  std::vector<Ptr<MusicLm>> before;
  for (const auto& folder : asked.from) {
    before.push_back(load_music_lm(folder));
    require<UsageError>(before.back()->styles == model.styles,
                        "--from {}: it knows other styles ({}) than the recipe ({})", folder.string(),
                        fmt::join(before.back()->styles, ", "), fmt::join(model.styles, ", "));
  }
  if (before.size() == 1 && before[0]->config == model.config) {
    std::unordered_map<std::string, Tensor> known;
    for (const auto& t : named_tensors(*before[0])) known.emplace(t.name, t.tensor);
    for (auto& t : named_tensors(model)) t.tensor.copy_(known.at(t.name));
  } else if (!before.empty()) {
    std::vector<Module*> specialists;
    for (const auto& one : before) specialists.push_back(one.get());
    merge_specialists(model, specialists, recipe.train.seed);
  }
  set_trainable(model, recipe.trains.empty());
  for (const auto& part : recipe.trains) {
    const auto parameters = named_parameters(model);
    require<UsageError>(
        std::any_of(parameters.begin(), parameters.end(),
                    [&](const NamedTensor& t) { return t.name.find(part) != std::string::npos; }),
        "recipe.trains: no weight's name holds {}", part);
    set_trainable(model, true, part);
  }
}

}  // namespace

int plan_music_training(const MusicTraining& asked, Invocation& call) {
  const MusicRecipe recipe = recipe_of(asked, call);
  const auto model = make_music_lm(recipe.model);
  prepare_model(*model, recipe, asked);
  const MusicData data = open_music_data(recipe, *model, asked.data);
  int64_t frames = 0;
  for (const auto& share : data.train)
    for (const auto& piece : share.pieces) frames += std::ssize(piece.frames);
  if (call.json())
    call.out().write({{"recipe", recipe.name},
                      {"steps", recipe.train.steps},
                      {"parameters", count_parameters(*model)},
                      {"frames", frames},
                      {"out", asked.out.string()}});
  else
    fmt::print("{}: {} steps, {} parameters, {} frames to learn from; nothing was written\n", recipe.name,
               recipe.train.steps, count_parameters(*model), frames);
  return kExitDone;
}

int train_music(const MusicTraining& asked, Invocation& call) {
  const MusicRecipe recipe = recipe_of(asked, call);
  at::manual_seed(recipe.train.seed);
  const auto model = make_music_lm(recipe.model);
  const MusicData data = open_music_data(recipe, *model, asked.data);
  std::vector<Ptr<Loss>> losses;
  if (!recipe.losses.empty()) losses.push_back(make_loss(recipe.losses));
  prepare_model(*model, recipe, asked);
  MusicTask task(*model, data.train, losses, recipe.task);
  task.evaluation = [&] {
    Metrics metrics;
    double sum = 0;
    for (size_t i = 0; i < data.valid.size(); ++i) {
      const auto& share = data.valid[i];
      const auto& set = recipe.sources[i].set;
      const auto scored = [&](MusicProtocol protocol) {
        return score_music(*model, share.pieces, share.style, {protocol, 0}).per_frame();
      };
      if (recipe.task.factored) sum += metrics["nll." + set] = scored(MusicProtocol::factored);
      if (recipe.task.independent > 0) {
        const double nll = metrics["nll_independent." + set] = scored(MusicProtocol::independent);
        if (!recipe.task.factored) sum += nll;
      }
    }
    metrics["loss"] = sum / static_cast<double>(data.valid.size());
    return metrics;
  };
  TrainingRun run{recipe.source, asked.out};
  run.routing = [&] { return routing_rows(task.take_trace()); };
  run.add_files = [&](const fs::path& checkpoint) {
    write_file(checkpoint / "config.json", model->config.dump(2) + "\n");
  };
  run_training(task, recipe.train, run, call);
  save_music_lm(*model, asked.out, recipe.half,
                {{"recipe", recipe.name}, {"seed", std::to_string(call.common().seed)}});
  tell_trained(asked.out, call);
  log_info("next: conclave-audio eval --task music-nll --model {} --dataset {} --data {}", asked.out.string(),
           recipe.sources[0].set, asked.data.string());
  return kExitDone;
}

}  // namespace conclave
