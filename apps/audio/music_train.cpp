#include "apps/audio/music_train.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <cmath>

#include "apps/audio/music_recipe.h"
#include "apps/audio/routing_figures.h"
#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"
#include "framework/train/trainer.h"
#include "models/audio/music/music_model.h"
#include "models/audio/music/music_scores.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMusicInterval = 50;  // steps between two points of a curve

// A run goes on only with the recipe that it was begun with.
MusicRecipe recipe_of(const MusicTraining& asked, Invocation& call) {
  const auto& common = call.common();
  require<UsageError>(common.device == "auto" || parse_device(common.device).is_cpu(),
                      "--device {}: training runs on the CPU", common.device);
  require<UsageError>(common.dtype == "auto", "--dtype {}: the recipe says its own, train.dtype",
                      common.dtype);
  set_threads(common.threads);
  MusicRecipe recipe = parse_music_recipe(asked.recipe);
  recipe.train.seed = common.seed;
  recipe.train.folder = asked.out / "checkpoints";
  const fs::path kept = asked.out / "recipe.json";
  require<UsageError>(!TrainingCheckpoints(recipe.train.folder).newest() || !fs::exists(kept) ||
                          read_json(kept) == recipe.source,
                      "{} was begun with another recipe (its recipe.json): give that one or another --out",
                      asked.out.string());
  return recipe;
}

// What is seen of a run: the progress line, and in the history the mean of every interval.
class Recorder {
 public:
  Recorder(Invocation& call, MusicTask& task, int64_t steps)
      : call_(call), task_(task), progress_("train", steps, "steps") {}
  ~Recorder() { record(); }

  void go_on_from(int64_t step) { progress_.start_at(step); }
  void on_step(const StepReport& report) {
    for (const auto& [name, value] : report.metrics) add(name, value);
    add("loss", report.loss);
    add("gradient_norm", report.gradient_norm);
    step_ = report.step;
    rate_ = report.rate;
    std::string note;
    for (const auto& [name, value] : report.means) note += fmt::format("{} {:.3f}  ", name, value);
    progress_.note(note + fmt::format("rate {:.1e}", report.rate));
    progress_.advance();
    if (step_ % kMusicInterval == 0) record();
  }
  void on_evaluation(int64_t step, const Metrics& metrics, bool best) {
    Json line = {{"step", step}, {"best", best}};
    std::string told;
    for (const auto& [name, value] : metrics) {
      line[name] = value;
      told += fmt::format(", {} {:.4f}", name, value);
      call_.history().metric("valid/" + name, step, value);
    }
    if (call_.json()) call_.out().write(line);
    log_info("step {}{}{}", step, told, best ? " (the best so far)" : "");
  }

 private:
  void add(const std::string& name, double value) {
    if (!std::isfinite(value)) return;
    auto& [total, count] = sums_[name];
    total += value;
    ++count;
  }
  void record() {
    if (sums_.empty()) return;
    auto& history = call_.history();
    for (const auto& [name, sum] : sums_)
      history.metric("train/" + name, step_, sum.first / static_cast<double>(sum.second));
    history.metric("train/rate", step_, rate_);
    sums_.clear();
    history.routing("train", step_, routing_rows(task_.take_trace()));
  }

  Invocation& call_;
  MusicTask& task_;
  Progress progress_;
  std::map<std::string, std::pair<double, int64_t>> sums_;
  double rate_ = 0;
  int64_t step_ = 0;
};

}  // namespace

int plan_music_training(const MusicTraining& asked, Invocation& call) {
  const MusicRecipe recipe = recipe_of(asked, call);
  const auto model = make_music_lm(recipe.model);
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
  set_trainable(*model, true);
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
  throw_if_interrupted();
  auto& history = call.history();
  write_file(asked.out / "recipe.json", recipe.source.dump(2) + "\n");
  history.input(asked.out / "recipe.json", "recipe");

  TrainResult result;
  {
    Recorder recorder(call, task, recipe.train.steps);
    TrainCallbacks callbacks;
    callbacks.should_stop = [] { return interrupted(); };
    callbacks.on_step = [&](const StepReport& report) { recorder.on_step(report); };
    callbacks.on_evaluation = [&](int64_t step, const Metrics& metrics, bool best) {
      recorder.on_evaluation(step, metrics, best);
    };
    callbacks.add_files = [&](const fs::path& checkpoint) {
      write_file(checkpoint / "config.json", model->config.dump(2) + "\n");
    };
    Trainer trainer(task, recipe.train, callbacks);
    if (trainer.resume()) {
      recorder.go_on_from(trainer.step());
      log_info("goes on at step {}", trainer.step());
    }
    result = trainer.run();
    if (result.end != TrainEnd::stopped && trainer.ema()) trainer.ema()->swap();
  }
  if (result.end == TrainEnd::stopped)
    throw Interrupted(fmt::format("interrupted; saved at step {} in {}: the same command goes on",
                                  result.step, asked.out.string()));
  save_music_lm(*model, asked.out, recipe.half,
                {{"recipe", recipe.name}, {"seed", std::to_string(call.common().seed)}});
  for (const char* file : {"config.json", "model.safetensors"}) history.output(asked.out / file, "model");
  if (call.json()) call.out().write({{"model", asked.out.string()}});
  log_info("the model is in {}; next: conclave-audio eval --task music-nll --model {} --dataset {} --data {}",
           asked.out.string(), asked.out.string(), recipe.sources[0].set, asked.data.string());
  return kExitDone;
}

}  // namespace conclave
