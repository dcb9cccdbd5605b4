#include "apps/vqa/stages.h"

#include <ATen/ATen.h>

#include <set>

#include "apps/vqa/perception_task.h"
#include "apps/vqa/sources.h"
#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/text/bpe_trainer.h"
#include "framework/train/trainer.h"
#include "models/vlm/active_parameters.h"
#include "models/vlm/start_from.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

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

}  // namespace

Ingredients open_ingredients(const Recipe& recipe, const fs::path& data, const fs::path& tokenizer) {
  const auto picture = PictureInputConfig::from_json(recipe.picture, "recipe.picture");
  auto sources = open_sources(recipe, data, picture);
  auto words = fs::exists(tokenizer) ? Tokenizer::load(tokenizer) : learn_tokenizer(recipe, sources);
  return {picture, std::move(sources), std::move(words)};
}

Ptr<Vlm> stage_model(const RecipeStage& stage, const Recipe& recipe, int64_t vocabulary, uint64_t seed,
                     Vlm* earlier) {
  Json config = recipe.model;
  config["architectures"] = {"ConclaveVlm"};
  config["vocab_size"] = vocabulary;
  if (!stage.moe && config.contains("text")) {
    config["text"].erase("moe");
    config["text"].erase("moe_layers");
  }
  at::manual_seed(seed);
  auto model = make_vlm(config);
  if (earlier) start_from(*model, *earlier);
  return model;
}

StageTask stage_task(const RecipeStage& stage, Vlm& model, const Ingredients& ingredients, uint64_t seed) {
  set_trainable(model, stage.train_only.empty());
  for (const auto& part : stage.train_only) set_trainable(model, true, part);
  StageTask made;
  made.options = stage.train;
  made.options.seed = seed;
  made.options.batch = 1;  // a mix entry says how many pictures and questions a micro-batch has
  if (stage.perception) {
    made.options.metric = PerceptionTask::kHeldOutLoss;
    made.task = std::make_unique<PerceptionTask>(model, stage.train.batch, ingredients.picture);
    set_trainable(made.task->model(), true);
    return made;
  }
  made.options.metric = "wrong";  // mean share of wrong answers over what is evaluated
  std::vector<Ptr<Loss>> losses;
  for (const auto& loss : stage.losses) losses.push_back(make_loss(loss));
  auto task = std::make_unique<VlmTask>(model, ingredients.tokenizer,
                                        shares_of(stage.mix, ingredients.sources), std::move(losses));
  task->evaluation = [task = task.get(), evaluate = shares_of(stage.evaluate, ingredients.sources), seed] {
    Metrics metrics;
    for (const auto& share : evaluate) {
      const double accuracy = task->accuracy(share, static_cast<int64_t>(share.weight), seed + 1);
      metrics["accuracy." + share.name] = accuracy;
      metrics["wrong"] += (1 - accuracy) / static_cast<double>(evaluate.size());
    }
    return metrics;
  };
  made.answers = task.get();
  made.task = std::move(task);
  return made;
}

std::vector<StagePlan> plan_stages(const Recipe& recipe, const Ingredients& ingredients, uint64_t seed) {
  std::vector<StagePlan> plans;
  Ptr<Vlm> model;
  for (const auto& stage : recipe.stages) {
    const uint64_t own_seed = seed + plans.size();
    try {
      model = stage_model(stage, recipe, ingredients.tokenizer.size(), own_seed, model.get());
      const StageTask made = stage_task(stage, *model, ingredients, own_seed);
      const Trainer trainer(*made.task, made.options);  // takes what can be trained
      StagePlan plan{stage.name, stage.train.steps, count_parameters(*model)};
      for (const auto& t : named_tensors(made.task->model())) {
        const bool trained = t.kind == TensorKind::parameter && t.tensor.requires_grad();
        const auto bytes = static_cast<int64_t>(t.tensor.nbytes());
        if (trained) plan.trained += t.tensor.numel();
        // Beside the weights two moments, and the average where one is kept.
        plan.checkpoint_bytes += trained ? bytes * (stage.train.ema_decay > 0 ? 4 : 3) : bytes;
      }
      plan.active_text = active_parameters(*model, Modality::text);
      plan.active_picture = active_parameters(*model, Modality::vision);
      plan.checkpoints = stage.train.keep_last + (stage.evaluate.empty() ? 0 : 1);
      plans.push_back(plan);
    } catch (const UsageError& e) {
      throw UsageError(fmt::format("stage {}: {}", stage.name, e.what()));
    }
  }
  return plans;
}

}  // namespace conclave
