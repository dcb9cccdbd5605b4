#include "apps/vqa/train.h"

#include <ATen/ATen.h>

#include "apps/common/app.h"
#include "apps/vqa/perception_task.h"
#include "apps/vqa/recipe.h"
#include "apps/vqa/sources.h"
#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"
#include "framework/tensor/state.h"
#include "framework/text/bpe_trainer.h"
#include "framework/train/trainer.h"
#include "models/vlm/start_from.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr double kSmoothing = 0.02;
constexpr int64_t kMetricsEvery = 50;  // steps

using Sources = std::map<std::string, Ptr<VqaSource>>;

Sources open_sources(const Recipe& recipe, const fs::path& data, const PictureInputConfig& picture) {
  Sources sources;
  for (const auto& [name, json] : recipe.sources) {
    ConfigObject c(json, "sources." + name);
    const auto kind = c.need<std::string>("kind");
    if (kind == "scenes") {
      sources[name] =
          std::make_shared<StatementSource>(static_cast<uint64_t>(c.get_integer("seed", 0)), picture);
    } else if (kind == "scenes-perception" || kind == "scenes-brief") {
      sources[name] = std::make_shared<PerceptionSource>(kind == "scenes-brief", picture);
    } else {
      require<UsageError>(!data.empty(), "the recipe needs the data set {}: give its folder with --data",
                          kind);
      const fs::path folder = fs::exists(data / kind) ? data / kind : data;
      const auto part = c.get("part", std::vector<double>{0, 1});
      require<UsageError>(part.size() == 2 && part[0] >= 0 && part[0] < part[1] && part[1] <= 1,
                          "{} must be two numbers from 0 to 1, the smaller first", c.name("part"));
      sources[name] =
          std::make_shared<SetSource>(load_vqa(kind, folder, c.get<std::string>("split", "train")), picture,
                                      SetPart{part[0], part[1], c.get("blank", false)});
    }
    c.finish();
  }
  return sources;
}

// The tokenizer learns from what the recipe's training mix says, never from evaluation splits.
Tokenizer learn_tokenizer(const Recipe& recipe, const Sources& sources) {
  BpeTrainer trainer({.vocab_size = recipe.vocabulary,
                      .special_tokens = {VlmTokens::kPad, VlmTokens::kAnswer, VlmTokens::kEos}});
  std::set<std::string> names;
  for (const auto& stage : recipe.stages)
    for (const auto& entry : stage.mix) names.insert(entry.source);
  for (const auto& name : names)
    for (const auto& text : sources.at(name)->texts()) trainer.add(text);
  return trainer.train();
}

std::vector<VqaShare> shares_of(const std::vector<MixEntry>& mix, const Sources& sources) {
  std::vector<VqaShare> shares;
  for (const auto& entry : mix)
    shares.push_back({entry.source, sources.at(entry.source), entry.weight, entry.pictures, entry.questions});
  return shares;
}

Json stage_config(const Recipe& recipe, const RecipeStage& stage, int64_t vocabulary) {
  Json config = recipe.model;
  config["architectures"] = {"ConclaveVlm"};
  config["vocab_size"] = vocabulary;
  if (!stage.moe) {
    config["text"].erase("moe");
    config["text"].erase("moe_layers");
  }
  return config;
}

// What is learned in a stage: all, or the parts it names.
void choose_trainable(Vlm& model, const RecipeStage& stage) {
  set_trainable(model, stage.train_only.empty());
  for (const auto& part : stage.train_only) set_trainable(model, true, part);
}

// Drives one stage's trainer: progress, history, evaluation lines.
TrainEnd drive(TrainTask& task, const std::string& stage, const TrainOptions& options, Invocation& call) {
  Progress progress("train " + stage, options.steps, "steps");
  std::map<std::string, double> smooth;
  TrainCallbacks callbacks;
  callbacks.should_stop = [] { return interrupted(); };
  callbacks.on_step = [&](const StepReport& report) {
    std::string note = fmt::format("lr {:.1e}", report.rate);
    for (const auto& [name, value] : report.metrics) {
      auto [at, fresh] = smooth.try_emplace(name, value);
      if (!fresh) at->second += kSmoothing * (value - at->second);
    }
    for (const auto& [name, value] : smooth) note += fmt::format("  {} {:.3f}", name, value);
    progress.note(note);
    progress.advance();
    if (report.step % kMetricsEvery != 0) return;
    for (const auto& [name, value] : smooth) call.history().metric(stage + "/" + name, report.step, value);
  };
  callbacks.on_evaluation = [&](int64_t step, const Metrics& metrics, bool best) {
    Json line = {{"stage", stage}, {"step", step}, {"best", best}};
    for (const auto& [name, value] : metrics) {
      line[name] = value;
      call.history().metric(stage + "/" + name, step, value);
    }
    if (call.json()) call.out().write(line);
    log_info("{}", line.dump());
  };
  Trainer trainer(task, options, callbacks);
  if (trainer.resume()) progress.start_at(trainer.step());
  return trainer.run().end;
}

TrainEnd run_stage(const RecipeStage& stage, Vlm& model, const Tokenizer& tokenizer, const Sources& sources,
                   const PictureInputConfig& picture, const fs::path& folder, uint64_t seed,
                   Invocation& call) {
  choose_trainable(model, stage);
  TrainOptions options = stage.train;
  options.seed = seed;
  options.folder = folder;
  if (stage.perception) {
    PerceptionTask task(model, options.batch, picture);
    set_trainable(task.model(), true);
    options.batch = 1;
    return drive(task, stage.name, options, call);
  }
  options.metric = "wrong";  // mean share of wrong answers over what is evaluated
  options.batch = 1;         // a mix entry says how many pictures and questions a micro-batch has
  std::vector<Ptr<Loss>> losses;
  for (const auto& loss : stage.losses) losses.push_back(make_loss(loss));
  VlmTask task(model, tokenizer, shares_of(stage.mix, sources), std::move(losses));
  const auto evaluate = shares_of(stage.evaluate, sources);
  task.evaluation = [&] {
    Metrics metrics;
    for (const auto& share : evaluate) {
      const double accuracy = task.accuracy(share, static_cast<int64_t>(share.weight), seed + 1);
      metrics["accuracy." + share.name] = accuracy;
      metrics["wrong"] += (1 - accuracy) / static_cast<double>(evaluate.size());
    }
    return metrics;
  };
  return drive(task, stage.name, options, call);
}

}  // namespace

std::string TrainVerb::examples() const {
  return "conclave-vqa train --recipe assets/recipes/vqa-small.json --data DIR --out runs/vqa-small";
}

void TrainVerb::declare(Options& options) {
  options.add("recipe", recipe_, "Recipe file").required().existing();
  options.add("data", data_, "Folder with the data sets: nlvr/, easy-vqa/, daquar/");
  options.add("out", out_, "Folder of the model and its checkpoints; a stopped run there goes on").required();
  options.add("set", changes_, "Change a key of the recipe: model.text.width=192; may be repeated");
}

int TrainVerb::run(Invocation& call) {
  const auto& common = call.common();
  set_threads(common.threads);
  const Recipe recipe = parse_recipe(with_changes(read_json(recipe_), changes_));
  const fs::path kept = out_ / "recipe.json";
  if (fs::exists(kept)) {
    require<UsageError>(read_json(kept) == recipe.source,
                        "{} was begun with another recipe; give another --out, or remove it", out_.string());
  } else {
    write_file(kept, recipe.source.dump(2) + "\n");
  }
  at::manual_seed(common.seed);
  const auto picture = PictureInputConfig::from_json(recipe.picture, "recipe.picture");
  const Sources sources = open_sources(recipe, data_, picture);
  const fs::path tokenizer_file = out_ / "tokenizer.json";
  if (!fs::exists(tokenizer_file)) learn_tokenizer(recipe, sources).save(tokenizer_file);
  const Tokenizer tokenizer = Tokenizer::load(tokenizer_file);

  Ptr<Vlm> model;
  for (size_t i = 0; i < recipe.stages.size(); ++i) {
    const auto& stage = recipe.stages[i];
    const fs::path folder = out_ / fmt::format("stage-{}-{}", i + 1, stage.name);
    const fs::path done = folder / "model.safetensors";
    at::manual_seed(common.seed + i);
    auto next = make_vlm(stage_config(recipe, stage, tokenizer.size()));
    if (model) start_from(*next, *model);
    model = next;
    if (fs::exists(done)) {
      load_state(*model, Safetensors(done));
      log_info("stage {} is done: {}", stage.name, done.string());
      continue;
    }
    const auto end = run_stage(stage, *model, tokenizer, sources, picture, folder, common.seed + i, call);
    if (end == TrainEnd::stopped) throw Interrupted();
    save_state(*model, done);
  }
  write_file(out_ / "preprocessor_config.json", picture.to_json().dump(2) + "\n");
  write_file(out_ / "config.json", model->config.dump(2) + "\n");
  if (recipe.half) to_dtype(*model, at::kBFloat16, {".router."});
  save_state(*model, out_ / "model.safetensors",
             {{"recipe", recipe.name}, {"seed", std::to_string(common.seed)}});
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"})
    call.history().output(out_ / name, "model");
  return kExitDone;
}

}  // namespace conclave
