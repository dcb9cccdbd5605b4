// Hints: facts that training tells halfway up the decoder.
#include "models/vlm/vlm_task.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "framework/tensor/state.h"
#include "framework/text/bpe_trainer.h"

namespace conclave {
namespace {

Ptr<Vlm> small_model(int64_t vocabulary) {
  return make_vlm(
      {{"architectures", {"ConclaveVlm"}},
       {"vocab_size", vocabulary},
       {"max_tiles", 1},
       {"vision", {{"kind", "conv"}, {"image", 16}, {"widths", {8, 16}}, {"strides", {4, 2}}, {"groups", 4}}},
       {"connector", {{"kind", "mlp2x_gelu"}}},
       {"text", {{"width", 32}, {"layers", 3}, {"heads", 4}, {"ffn", {{"hidden", 48}}}}}});
}

// Pictures of one brightness; "how bright" has the hint which of four it is, where it is known.
struct BrightSource : VqaSource {
  bool hints = true;
  std::vector<VqaDraw> draw(Random& random, int64_t pictures, int64_t questions) override {
    std::vector<VqaDraw> draws;
    for (int64_t i = 0; i < pictures; ++i) {
      const auto level = static_cast<int64_t>(random.below(4));
      VqaDraw draw{at::full({1, 3, 16, 16}, static_cast<double>(level) - 1.5), {}};
      for (int64_t q = 0; q < questions; ++q) {
        draw.questions.push_back({"how bright", level < 2 ? "dark" : "light"});
        if (hints) draw.questions.back().hints = {level, -1};
      }
      draws.push_back(std::move(draw));
    }
    return draws;
  }
  std::vector<std::string> texts() override { return {"how bright", "dark", "light"}; }
  std::vector<int64_t> hint_classes() const override {
    return hints ? std::vector<int64_t>{4, 2} : std::vector<int64_t>{};
  }
};

Tokenizer bright_tokenizer() {
  BpeTrainer trainer(
      {.vocab_size = 300, .special_tokens = {VlmTokens::kPad, VlmTokens::kAnswer, VlmTokens::kEos}});
  for (const auto& text : BrightSource().texts()) trainer.add(text);
  return trainer.train();
}

StepLoss one_loss(VlmTask& task) {
  MicroBatch batch{{}, 0, 0, 0, Random(1, "hints")};
  return task.loss(batch);
}

TEST(VlmTask, HintsTeachTheLowerLayersThroughAHeadOfTheirOwn) {
  at::manual_seed(8);
  const auto tokenizer = bright_tokenizer();
  const auto model = small_model(tokenizer.size());
  set_trainable(*model, true);
  const size_t own = named_parameters(*model).size();
  VlmTask task(*model, tokenizer, {{"bright", std::make_shared<BrightSource>(), 1, 8, 2}}, {});
  ASSERT_EQ(named_parameters(task.model()).size(), own + 2) << "the head's weight and bias";
  EXPECT_EQ(named_parameters(task.model()).back().name, "hints.bright.bias");

  const StepLoss first = one_loss(task);
  EXPECT_TRUE(first.metrics.contains("hints.bright"));
  // The answer's loss alone is the part of it that is no hint.
  const double hints = first.loss.item<double>() - first.metrics.at("loss.bright");
  EXPECT_NEAR(hints, 2 * std::log(4.0), 1.5) << "four brightnesses, near chance before training";
  first.loss.backward();
  for (const auto& p : named_parameters(task.model())) EXPECT_TRUE(p.tensor.grad().defined()) << p.name;
}

TEST(VlmTask, TheTraceCountsEveryTrainingPassOnce) {
  const auto tokenizer = bright_tokenizer();
  Json config = small_model(tokenizer.size())->config;
  config["text"]["moe"] = {{"variant", "modality-blind"}, {"experts", 4}, {"hidden", 24}, {"k", 2}};
  const auto model = make_vlm(config);
  VlmTask task(*model, tokenizer, {{"bright", std::make_shared<BrightSource>(), 1, 8, 2}}, {});
  one_loss(task);
  one_loss(task);
  const Trace trace = task.take_trace();
  ASSERT_EQ(trace.sites().size(), 3u);
  const auto& totals = trace.sites().begin()->second;
  EXPECT_EQ(totals.tokens[static_cast<size_t>(Modality::vision)], 2 * 8 * 4);
  EXPECT_TRUE(task.take_trace().sites().empty());
}

TEST(VlmTask, UnknownHintsCountForNothing) {
  at::manual_seed(8);
  const auto tokenizer = bright_tokenizer();
  const auto model = small_model(tokenizer.size());
  VlmTask task(*model, tokenizer, {{"bright", std::make_shared<BrightSource>(), 1, 8, 2}}, {});
  // The second hint is never known: its two outputs must get no gradient.
  one_loss(task).loss.backward();
  const Tensor gradient = named_parameters(task.model()).back().tensor.grad();
  ASSERT_EQ(gradient.numel(), 6);
  EXPECT_GT(gradient.narrow(0, 0, 4).abs().max().item<double>(), 0);
  EXPECT_EQ(gradient.narrow(0, 4, 2).abs().max().item<double>(), 0);
}

TEST(VlmTask, WithoutHintsNothingIsAdded) {
  const auto tokenizer = bright_tokenizer();
  const auto model = small_model(tokenizer.size());
  auto source = std::make_shared<BrightSource>();
  source->hints = false;
  VlmTask task(*model, tokenizer, {{"bright", source, 1, 8, 2}}, {});
  EXPECT_EQ(named_parameters(task.model()).size(), named_parameters(*model).size());
  const StepLoss loss = one_loss(task);
  EXPECT_DOUBLE_EQ(loss.loss.item<double>(), loss.metrics.at("loss.bright"));
}

}  // namespace
}  // namespace conclave
