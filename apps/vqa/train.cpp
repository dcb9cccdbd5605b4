#include "apps/vqa/train.h"

#include <ATen/ATen.h>

#include "apps/common/app.h"
#include "apps/common/json_changes.h"
#include "apps/vqa/stage_recorder.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"
#include "framework/tensor/state.h"
#include "models/vlm/vqa_model.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr const char* kRouterPart = ".router.";  // stays float32 in a model of bfloat16

TrainResult train_stage(const RecipeStage& stage, const Ingredients& ingredients, Vlm& model,
                        const fs::path& folder, uint64_t seed, int64_t first_step, Invocation& call) {
  StageTask made = stage_task(stage, model, ingredients, seed);
  made.options.folder = folder;
  StageRecorder recorder(call, stage, first_step, made.answers);
  TrainCallbacks callbacks;
  callbacks.should_stop = [] { return interrupted(); };
  callbacks.on_step = [&](const StepReport& report) { recorder.on_step(report); };
  callbacks.on_evaluation = [&](int64_t step, const Metrics& metrics, bool best) {
    recorder.on_evaluation(step, metrics, best);
  };
  callbacks.add_files = [&](const fs::path& checkpoint) {
    write_model_files(checkpoint, model, ingredients);
  };
  Trainer trainer(*made.task, made.options, callbacks);
  if (trainer.resume()) recorder.go_on_from(trainer.step());
  const TrainResult result = trainer.run();
  // The stage leaves the average; its checkpoints keep both.
  if (result.end != TrainEnd::stopped && trainer.ema()) trainer.ema()->swap();
  return result;
}

int64_t bytes_of_model(const Recipe& recipe, const std::vector<StagePlan>& plan) {
  return plan.back().parameters * (recipe.half ? 2 : 4);  // but for routers and buffers
}

std::string megabytes(int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace

std::string TrainVerb::examples() const {
  return "conclave-vqa train --recipe assets/recipes/vqa-small.json --data DIR --out runs/vqa-small";
}

void TrainVerb::declare(Options& options) {
  options.add("recipe", recipe_, "Recipe file").required().existing();
  options.add("data", data_, "Folder with the data sets: nlvr/, easy-vqa/, daquar/").existing();
  options.add("out", out_, "Folder of the model and its checkpoints; a stopped run there goes on").required();
  options.add("set", changes_, "Change a key of the recipe: model.text.width=192; may be repeated");
}

TrainVerb::Job TrainVerb::prepare(Invocation& call) const {
  const auto& common = call.common();
  require<UsageError>(common.device == "auto" || parse_device(common.device).is_cpu(),
                      "--device {}: training runs on the CPU", common.device);
  require<UsageError>(common.dtype == "auto",
                      "--dtype {}: each stage of a recipe says its own, --set stages.0.train.dtype=bfloat16",
                      common.dtype);
  set_threads(common.threads);
  Recipe recipe = parse_recipe(with_changes(read_json(recipe_), changes_));
  const TrainFolder folder(out_, recipe);
  auto changes = folder.check(common.seed);
  auto ingredients = open_ingredients(recipe, data_, folder.begun() ? out_ : fs::path());
  folder.check_data(ingredients);
  auto plan = plan_stages(recipe, ingredients, common.seed);
  return {std::move(recipe), std::move(changes), std::move(ingredients), std::move(plan)};
}

int TrainVerb::dry_run(Invocation& call) {
  const Job job = prepare(call);
  const TrainFolder folder(out_, job.recipe);
  int64_t bytes = bytes_of_model(job.recipe, job.plan);
  for (const auto& plan : job.plan) bytes += plan.checkpoints * plan.checkpoint_bytes + 4 * plan.parameters;
  const auto place = folder.place();
  if (call.json()) {
    for (const auto& plan : job.plan)
      call.out().write({{"stage", plan.name},
                        {"steps", plan.steps},
                        {"parameters", plan.parameters},
                        {"trained", plan.trained},
                        {"active_per_text_token", plan.active_text},
                        {"active_per_picture_token", plan.active_picture},
                        {"checkpoint_bytes", plan.checkpoint_bytes},
                        {"checkpoints", plan.checkpoints}});
    Json last = {{"out", out_.string()},
                 {"vocabulary", job.ingredients.tokenizer.size()},
                 {"model_bytes", bytes_of_model(job.recipe, job.plan)},
                 {"bytes", bytes}};
    if (place) last["begun"] = {{"stage", job.recipe.stages[place->stage].name}, {"step", place->step}};
    for (const auto& change : job.changes) last["changes"].push_back(change.text());
    call.out().write(last);
    return kExitDone;
  }
  for (const auto& plan : job.plan)
    fmt::print(
        "stage {}: {} steps; {} parameters, {} of them work on a word and {} on a picture token; {} are "
        "trained, heads for training alone included\n",
        plan.name, plan.steps, plan.parameters, plan.active_text, plan.active_picture, plan.trained);
  if (place)
    fmt::print("{} was begun: it goes on with stage {} at step {}\n", out_.string(),
               job.recipe.stages[place->stage].name, place->step);
  if (!job.changes.empty()) fmt::print("changed since then: {}\n", changes_text(job.changes));
  fmt::print("{}: a model of about {}, with all checkpoints about {}; nothing was written\n", out_.string(),
             megabytes(bytes_of_model(job.recipe, job.plan)), megabytes(bytes));
  return kExitDone;
}

Ptr<Vlm> TrainVerb::train(const Job& job, const TrainFolder& folder, Invocation& call) const {
  Ptr<Vlm> model;
  int64_t first_step = 0;
  for (size_t i = 0; i < job.recipe.stages.size(); ++i) {
    const auto& stage = job.recipe.stages[i];
    const uint64_t seed = call.common().seed + i;
    model = stage_model(stage, job.recipe, job.ingredients.tokenizer.size(), seed, model.get());
    if (folder.done(i)) {
      LoadOptions sound;
      sound.finite = true;
      load_state(*model, Safetensors(folder.stage_weights(i)), sound);
      log_info("stage {} is done: {}", stage.name, folder.stage(i).string());
    } else {
      const auto result =
          train_stage(stage, job.ingredients, *model, folder.stage(i), seed, first_step, call);
      if (result.end == TrainEnd::stopped)
        throw Interrupted(
            fmt::format("interrupted; stage {} is saved at step {} in {}: the same command goes on",
                        stage.name, result.step, folder.stage(i).string()));
      write_model_files(folder.stage(i), *model, job.ingredients);
      save_state(*model, folder.stage_weights(i));
    }
    first_step += stage.train.steps;
  }
  return model;
}

// How to go on with the model: an evaluation on a set that the recipe names.
std::string TrainVerb::what_next(const Recipe& recipe) const {
  std::string set, split = "SPLIT";
  for (const auto& [name, source] : recipe.sources) {
    const auto kind = source.at("kind").get<std::string>();
    if (kind.starts_with("scenes")) continue;
    const auto of = source.value("split", "train");
    if (set.empty() || !of.starts_with("train")) set = kind;
    if (!of.starts_with("train")) split = of;
  }
  if (set.empty())
    return fmt::format("conclave-vqa run --model {} --image FILE --question TEXT", out_.string());
  return fmt::format("conclave-vqa eval --model {} --dataset {} --data {} --split {}", out_.string(), set,
                     data_.string(), split);
}

int TrainVerb::run(Invocation& call) {
  const Job job = prepare(call);
  throw_if_interrupted();
  const TrainFolder folder(out_, job.recipe);
  auto& history = call.history();
  if (!job.changes.empty()) {
    const auto place = *folder.place();
    const std::string text = fmt::format("the recipe was changed at step {} of stage {}: {}", place.step,
                                         job.recipe.stages[place.stage].name, changes_text(job.changes));
    log_warning("{}", text);
    history.event("warning", text, place.step);
  }
  folder.begin(job.changes, job.ingredients, call.common().seed);
  history.input(out_ / "recipe.json", "recipe");

  const auto model = train(job, folder, call);
  write_model_files(out_, *model, job.ingredients);
  if (job.recipe.half) to_dtype(*model, at::kBFloat16, {kRouterPart});
  save_state(*model, out_ / "model.safetensors",
             {{"recipe", job.recipe.name}, {"seed", std::to_string(call.common().seed)}});
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json",
                           VqaModel::kWordsFile})
    history.output(out_ / name, "model");
  if (call.json()) call.out().write({{"model", out_.string()}});
  log_info("the model is in {}; next: {}", out_.string(), what_next(job.recipe));
  return kExitDone;
}

}  // namespace conclave
