#include <ATen/ATen.h>
#include <ATen/Context.h>

#include <cmath>

#include "apps/audio/music_eval.h"
#include "apps/audio/music_recipe.h"
#include "apps/audio/verbs.h"
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

constexpr int64_t kInterval = 50;  // steps between two points of a curve

// A model of notes from a recipe; a stopped run goes on where it was saved.
class TrainVerb : public Verb {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override {
    return "Train a model of notes from a recipe; resumes where it stopped";
  }
  std::string examples() const override {
    return "conclave-audio train --recipe assets/recipes/music-jsb.json --data DIR/music --out runs/music";
  }
  void declare(Options& options) override {
    options.add("recipe", recipe_, "Recipe file").required().existing();
    options.add("data", data_, "Folder of the music data sets").existing().required();
    options.add("out", out_, "Folder of the model and its checkpoints; a stopped run there goes on")
        .required();
  }
  int run(Invocation& call) override;
  int dry_run(Invocation& call) override;

 private:
  MusicRecipe read(Invocation& call) const;
  /// A run goes on only with the recipe that it was begun with.
  void check_folder(const MusicRecipe& recipe) const;

  fs::path recipe_, data_, out_;
};

MusicRecipe TrainVerb::read(Invocation& call) const {
  const auto& common = call.common();
  require<UsageError>(common.device == "auto" || parse_device(common.device).is_cpu(),
                      "--device {}: training runs on the CPU", common.device);
  require<UsageError>(common.dtype == "auto", "--dtype {}: the recipe says its own, train.dtype",
                      common.dtype);
  set_threads(common.threads);
  MusicRecipe recipe = parse_music_recipe(read_json(recipe_));
  recipe.train.seed = common.seed;
  recipe.train.folder = out_ / "checkpoints";
  check_folder(recipe);
  return recipe;
}

void TrainVerb::check_folder(const MusicRecipe& recipe) const {
  const fs::path kept = out_ / "recipe.json";
  if (!CheckpointFolder(recipe.train.folder).newest() || !fs::exists(kept)) return;
  require<UsageError>(read_json(kept) == recipe.source,
                      "{} was begun with another recipe (its recipe.json): give that one or another --out",
                      out_.string());
}

int TrainVerb::dry_run(Invocation& call) {
  const MusicRecipe recipe = read(call);
  const auto model = make_music_lm(recipe.model);
  const MusicData data = open_music_data(recipe, *model, data_);
  int64_t frames = 0;
  for (const auto& share : data.train)
    for (const auto& piece : share.pieces) frames += std::ssize(piece.frames);
  if (call.json())
    call.out().write({{"recipe", recipe.name},
                      {"steps", recipe.train.steps},
                      {"parameters", count_parameters(*model)},
                      {"frames", frames},
                      {"out", out_.string()}});
  else
    fmt::print("{}: {} steps, {} parameters, {} frames to learn from; nothing was written\n", recipe.name,
               recipe.train.steps, count_parameters(*model), frames);
  return kExitDone;
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
    if (step_ % kInterval == 0) record();
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

int TrainVerb::run(Invocation& call) {
  const MusicRecipe recipe = read(call);
  at::manual_seed(recipe.train.seed);
  const auto model = make_music_lm(recipe.model);
  const MusicData data = open_music_data(recipe, *model, data_);
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
  write_file(out_ / "recipe.json", recipe.source.dump(2) + "\n");
  history.input(out_ / "recipe.json", "recipe");

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
                                  result.step, out_.string()));
  save_music_lm(*model, out_, recipe.half,
                {{"recipe", recipe.name}, {"seed", std::to_string(call.common().seed)}});
  for (const char* file : {"config.json", "model.safetensors"}) history.output(out_ / file, "model");
  if (call.json()) call.out().write({{"model", out_.string()}});
  log_info("the model is in {}; next: conclave-audio eval --task music-nll --model {} --dataset {} --data {}",
           out_.string(), out_.string(), recipe.sources[0].set, data_.string());
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_train_verb() {
  return std::make_unique<TrainVerb>();
}

}  // namespace conclave
