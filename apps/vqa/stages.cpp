#include "apps/vqa/stages.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <iterator>
#include <set>

#include "apps/vqa/perception_task.h"
#include "apps/vqa/sources.h"
#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/base/sha256.h"
#include "framework/text/bpe_trainer.h"
#include "framework/train/trainer.h"
#include "models/vlm/active_parameters.h"
#include "models/vlm/start_from.h"
#include "models/vlm/vqa_model.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

using Sources = std::map<std::string, Ptr<VqaSource>>;

// Number of samples and a hash of their questions, answers and picture names.
Json identity_of(const VqaSet& set) {
  Sha256 hash;
  const auto add = [&](const std::string& text) { hash.add(std::to_string(text.size()) + ":" + text); };
  for (const auto& sample : set.samples) {
    add(sample.question);
    for (const auto& answer : sample.answers) add(answer);
    for (const auto& image : sample.images) add(image.filename().string());
  }
  return {{"samples", set.samples.size()}, {"sha256", hash.finish()}};
}

std::set<std::string> learned_from(const Recipe& recipe) {
  std::set<std::string> names;
  for (const auto& stage : recipe.stages)
    for (const auto& entry : stage.mix) names.insert(entry.source);
  return names;
}

Sources open_sources(const Recipe& recipe, const fs::path& data, const PictureInputConfig& picture,
                     Json& identities) {
  Sources sources;
  const auto learned = learned_from(recipe);
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
      VqaSet set = load_vqa(kind, folder, c.get<std::string>("split", "train"));
      if (learned.contains(name)) identities[name] = identity_of(set);
      sources[name] = std::make_shared<SetSource>(std::move(set), picture,
                                                  SetPart{part[0], part[1], c.get("blank", false)});
    }
    c.finish();
  }
  return sources;
}

// What the recipe's training mix says, never evaluation splits.
std::vector<std::string> taught_texts(const Recipe& recipe, const Sources& sources) {
  std::vector<std::string> texts;
  for (const auto& name : learned_from(recipe)) {
    auto own = sources.at(name)->texts();
    texts.insert(texts.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  }
  return texts;
}

Tokenizer learn_tokenizer(int64_t vocabulary, const std::vector<std::string>& texts) {
  BpeTrainer trainer(
      {.vocab_size = vocabulary, .special_tokens = {VlmTokens::kPad, VlmTokens::kAnswer, VlmTokens::kEos}});
  for (const auto& text : texts) trainer.add(text);
  return trainer.train();
}

std::vector<VqaShare> shares_of(const std::vector<MixEntry>& mix, const Sources& sources) {
  std::vector<VqaShare> shares;
  for (const auto& entry : mix)
    shares.push_back({entry.source, sources.at(entry.source), entry.weight, entry.pictures, entry.questions});
  return shares;
}

}  // namespace

Ingredients open_ingredients(const Recipe& recipe, const fs::path& data, const fs::path& begun) {
  const auto picture = PictureInputConfig::from_json(recipe.picture, "recipe.picture");
  Json identities = Json::object();
  auto sources = open_sources(recipe, data, picture, identities);
  const fs::path tokenizer_file = begun / "tokenizer.json", words_file = begun / VqaModel::kWordsFile;
  const bool has_tokenizer = !begun.empty() && fs::exists(tokenizer_file);
  const bool has_words = !begun.empty() && fs::exists(words_file);
  std::vector<std::string> texts;
  if (!has_tokenizer || !has_words) texts = taught_texts(recipe, sources);
  auto tokenizer =
      has_tokenizer ? Tokenizer::load(tokenizer_file) : learn_tokenizer(recipe.vocabulary, texts);
  KnownWords words;
  if (has_words) words = KnownWords::load(words_file);
  for (const auto& text : texts) words.add(text);
  return {picture, std::move(sources), std::move(identities), std::move(tokenizer), std::move(words)};
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

namespace {

// What is made of a picture must be what the model takes, and its encoder must be able to see it.
void check_picture(const Vlm& model, const PictureInputConfig& picture) {
  const auto& resize = picture.resize;
  require<UsageError>(resize.size == model.tile_size(),
                      "recipe.picture.size = {}, but recipe.model.vision.image = {}: both are the side of a "
                      "tile in pixels and must be the same",
                      resize.size, model.tile_size());
  require<UsageError>(resize.policy != "tiles" || resize.max_tiles <= model.max_tiles(),
                      "recipe.picture.max_tiles = {}, but recipe.model.max_tiles = {}: a picture may become "
                      "more tiles than the model takes for a question",
                      resize.max_tiles, model.max_tiles());
  const at::NoGradGuard no_grad;
  try {
    model.see(at::zeros({1, 1, 3, resize.size, resize.size}), {});
  } catch (const std::exception& e) {
    const std::string why = e.what();  // LibTorch's goes on with a stack trace
    throw UsageError(fmt::format("recipe.model.vision cannot see tiles of {} x {}: {}", resize.size,
                                 resize.size, why.substr(0, why.find('\n'))));
  }
}

}  // namespace

std::vector<StagePlan> plan_stages(const Recipe& recipe, const Ingredients& ingredients, uint64_t seed) {
  std::vector<StagePlan> plans;
  Ptr<Vlm> model;
  for (const auto& stage : recipe.stages) {
    const uint64_t own_seed = seed + plans.size();
    try {
      model = stage_model(stage, recipe, ingredients.tokenizer.size(), own_seed, model.get());
      check_picture(*model, ingredients.picture);
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
