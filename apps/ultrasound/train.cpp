#include <ATen/ATen.h>

#include "apps/common/app.h"
#include "apps/common/json_changes.h"
#include "apps/ultrasound/calibration.h"
#include "apps/ultrasound/reader_recipe.h"
#include "apps/ultrasound/samples.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/score/calibration.h"
#include "framework/tensor/device.h"
#include "framework/train/trainer.h"
#include "models/ultrasound/reader_folder.h"
#include "models/ultrasound/validation.h"

namespace conclave {
namespace fs = std::filesystem;
using namespace ultrasound;
namespace {

constexpr int64_t kInterval = 20;  // steps between records

// By task, the training pictures of sets that show other things, on its canvas.
std::vector<std::vector<at::Tensor>> other_pictures(const ReaderRecipe& recipe, const ModelConfig& config,
                                                    const fs::path& data) {
  std::vector<std::vector<at::Tensor>> all(config.tasks.size());
  for (const auto& name : recipe.other_sets) {
    const auto set = load_ultrasound_set(name, data, 1);
    for (const auto& sample : set.samples) {
      if (sample.part != Part::train) continue;
      const auto grey = load_picture_and_mask(sample).grey_HW;
      for (size_t t = 0; t < config.tasks.size(); ++t)
        if (config.tasks[t].name != set.task)
          all[t].push_back(fit_canvas(grey, config.tasks[t].height, config.tasks[t].width).grey_HW);
    }
  }
  return all;
}

class UltrasoundTrainVerb : public Verb {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override { return "Train a reader from a recipe; resumes where it stopped"; }
  std::string examples() const override {
    return "conclave-ultrasound train --recipe assets/recipes/ultrasound-breast.json --data DIR --fold 1 "
           "--out "
           "runs/breast-1";
  }
  void declare(Options& options) override {
    options.add("recipe", recipe_, "Recipe file").required().existing();
    options.add("data", data_, "Folder with the data sets: bus-bra/, hc18/").required().existing();
    options.add("out", out_, "Folder of the model and its checkpoints; a stopped run there goes on")
        .required();
    options.add("fold", fold_, "Official fold of BUS-BRA that is left out for the test").range(1, 5);
    options.add("set", changes_, "Change a key of the recipe: train.steps=100; may be repeated");
  }
  int run(Invocation& call) override;
  int dry_run(Invocation& call) override;

 private:
  ReaderRecipe recipe(Invocation& call) const;
  Json training(const ReaderRecipe& recipe, uint64_t seed) const;
  void begin(const Json& training) const;

  fs::path recipe_, data_, out_;
  int fold_ = 1;
  std::vector<std::string> changes_;
};

ReaderRecipe UltrasoundTrainVerb::recipe(Invocation& call) const {
  const auto& common = call.common();
  require<UsageError>(common.device == "auto" || parse_device(common.device).is_cpu(),
                      "--device {}: training runs on the CPU", common.device);
  require<UsageError>(common.dtype == "auto", "--dtype {}: the recipe says it, --set train.dtype=float32",
                      common.dtype);
  set_threads(common.threads);
  auto recipe = parse_reader_recipe(with_changes(read_json(recipe_), changes_));
  recipe.train.folder = out_ / "checkpoints";
  recipe.train.seed = common.seed;
  return recipe;
}

// What an evaluation must know so that it tests on nothing that was learnt from.
Json UltrasoundTrainVerb::training(const ReaderRecipe& recipe, uint64_t seed) const {
  return {{"sets", recipe.sets}, {"fold", fold_}, {"seed", seed}, {"recipe", recipe.source}};
}

// A folder goes on only with what it was begun with, but for the length and the intervals.
void UltrasoundTrainVerb::begin(const Json& training) const {
  const fs::path file = out_ / "run.json";
  const auto fixed = [](Json json) {
    for (const char* key : {"steps", "checkpoint_every", "evaluate_every", "keep_last"})
      json["recipe"]["train"].erase(key);
    return json;
  };
  if (fs::exists(file)) {
    const Json before = read_json(file);
    const bool sound = before.is_object() && before.contains("recipe") && before["recipe"].is_object();
    require<UsageError>(sound && fixed(before) == fixed(training),
                        "{} was begun with another recipe, fold, seed or set: give another --out",
                        out_.string());
  }
  write_file(file, training.dump(2) + "\n");
}

int UltrasoundTrainVerb::dry_run(Invocation& call) {
  const auto recipe = this->recipe(call);
  at::manual_seed(recipe.train.seed);
  ReaderModel model(parse_model_config(recipe.model));
  Json line = {{"name", recipe.name}, {"steps", recipe.train.steps}, {"parameters", count_parameters(model)}};
  for (const auto& name : recipe.sets) {
    const auto set = load_ultrasound_set(name, data_, fold_);
    for (const auto part : {Part::train, Part::validation, Part::test})
      line[name][part_name(part)] = std::ranges::count(set.samples, part, &UltrasoundSample::part);
  }
  if (call.json())
    call.out().write(line);
  else
    fmt::print("{}\n", line.dump(2));
  return kExitDone;
}

int UltrasoundTrainVerb::run(Invocation& call) {
  const auto recipe = this->recipe(call);
  SavedReader saved;
  saved.name = recipe.name;
  saved.model_config = recipe.model;
  saved.training = training(recipe, recipe.train.seed);
  const auto config = parse_model_config(recipe.model);
  std::vector<LabelledPicture> train, validation;
  std::vector<UltrasoundSet> sets;
  for (const auto& name : recipe.sets) {
    const auto& set = sets.emplace_back(load_ultrasound_set(name, data_, fold_));
    for (auto& picture : labelled_pictures(set, Part::train, config)) train.push_back(std::move(picture));
    for (auto& picture : labelled_pictures(set, Part::validation, config))
      validation.push_back(std::move(picture));
  }
  require<UsageError>(recipe.train.batch <= std::max<int64_t>(std::ssize(train), 1),
                      "train.batch = {}: there are {} training pictures", recipe.train.batch, train.size());
  const auto others = other_pictures(recipe, config, data_);
  begin(saved.training);
  auto& history = call.history();
  history.input(recipe_, "recipe");

  at::manual_seed(recipe.train.seed);
  saved.model = std::make_shared<ReaderModel>(config);
  set_trainable(*saved.model, true);
  ReaderTask task(*saved.model, train, recipe.losses, recipe.augment, others);
  task.evaluation = [&] { return validate(*saved.model, validation).metrics; };
  Progress progress("train " + recipe.name, recipe.train.steps, "steps");
  TrainCallbacks callbacks;
  callbacks.should_stop = [] { return interrupted(); };
  callbacks.on_step = [&](const StepReport& report) {
    std::string note = fmt::format("rate {:.1e}", report.rate);
    for (const auto& [name, value] : report.means) note += fmt::format("  {} {:.3f}", name, value);
    progress.note(note);
    progress.advance();
    if (report.step % kInterval != 0) return;
    for (const auto& [name, value] : report.means) history.metric("train/" + name, report.step, value);
  };
  callbacks.on_evaluation = [&](int64_t step, const Metrics& metrics, bool best) {
    Json line = {{"step", step}, {"best", best}};
    std::string told;
    for (const auto& [name, value] : metrics) {
      line[name] = value;
      told += fmt::format("  {} {:.4f}", name, value);
      history.metric("validation/" + name, step, value);
    }
    if (call.json()) call.out().write(line);
    log_info("step {}:{}{}", step, told, best ? "  (the best so far)" : "");
  };
  callbacks.add_files = [&](const fs::path& folder) { write_reader_config(saved, folder); };
  Trainer trainer(task, recipe.train, callbacks);
  if (trainer.resume()) {
    progress.start_at(trainer.step());
    log_info("goes on at step {}", trainer.step());
  }
  const auto result = trainer.run();
  if (result.end == TrainEnd::stopped)
    throw Interrupted(fmt::format("interrupted; saved at step {} in {}: the same command goes on",
                                  result.step, out_.string()));
  if (trainer.ema()) trainer.ema()->swap();
  saved.looks = recipe.looks;
  calibrate(saved, sets);
  save_reader(saved, out_, recipe.half);
  history.output(out_ / "model.safetensors", "model");
  history.output(out_ / "config.json", "model");
  if (call.json()) call.out().write({{"model", out_.string()}, {"step", result.step}});
  log_info("the model is in {}", out_.string());
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_ultrasound_train_verb() {
  return std::make_unique<UltrasoundTrainVerb>();
}

}  // namespace conclave
