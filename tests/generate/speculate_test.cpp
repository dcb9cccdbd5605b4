// Speculative decoding writes what plain greedy decoding writes, whatever the draft proposes; taking back.
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/generate/rewind.h"
#include "framework/generate/speculate.h"
#include "toy_model.h"

namespace conclave {
namespace {

// Proposes by rote: token + 1.
struct Counting : ToyModel {
  using ToyModel::ToyModel;
  Tensor step(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state) override {
    ToyModel::step(ids_NL, valid_NL, state);
    return ((ids_NL + 1) % embedding.weight.size(0)).unsqueeze(2).to(at::kFloat);
  }
  Tensor logits(const Tensor& features) override {
    return at::one_hot(features.squeeze(-1).to(at::kLong), embedding.weight.size(0)).to(at::kFloat);
  }
};

TEST(Speculate, WritesWhatPlainDecodingWrites) {
  for (const int64_t first : {1, 9}) {
    ToyModel model(20), twin(20);
    Counting other(20);
    const Prompt prompt = model.read({{first, 3, 7}});
    for (const int64_t tokens : {1, 2, 17}) {
      GenerateOptions options;
      options.max_tokens = tokens;
      const Generated want = generate(model, prompt, options).front();
      for (const int64_t ahead : {1, 3, 6}) {
        const auto twins = speculate(model, prompt, {twin, prompt.state, ahead}, options);
        EXPECT_EQ(twins.generated.tokens, want.tokens) << first << " " << ahead;
        EXPECT_EQ(twins.accepted, twins.proposed);
        EXPECT_NEAR(twins.generated.log_prob, want.log_prob, 1e-4);
        const auto others = speculate(model, prompt, {other, prompt.state, ahead}, options);
        EXPECT_EQ(others.generated.tokens, want.tokens) << first << " " << ahead;
        EXPECT_EQ(others.generated.end, want.end);
      }
    }
  }
}

TEST(Speculate, ATwinSavesPassesOfTheModel) {
  ToyModel model(20), twin(20);
  const Prompt prompt = model.read({{2, 3, 7}});
  GenerateOptions options;
  options.max_tokens = 21;
  model.steps = 0;
  speculate(model, prompt, {twin, prompt.state, 4}, options);
  EXPECT_EQ(model.steps, 4);  // the first token is the prompt's; five a pass
}

TEST(Speculate, StopsAndCallersEndIt) {
  ToyModel model(20), twin(20);
  const Prompt prompt = model.read({{5, 3, 7}});
  GenerateOptions options;
  options.max_tokens = 12;
  const auto plain = generate(model, prompt, options).front().tokens;
  options.stop = {plain[7]};
  const Generated want = generate(model, prompt, options).front();
  const Generated made = speculate(model, prompt, {twin, prompt.state, 3}, options).generated;
  EXPECT_EQ(made.tokens, want.tokens);
  EXPECT_EQ(made.end, want.end);
  options.stop.clear();
  int64_t seen = 0;
  options.on_token = [&](int64_t, int64_t, double) { return ++seen < 4; };
  EXPECT_EQ(speculate(model, prompt, {twin, prompt.state, 3}, options).generated.tokens.size(), 4u);
  options.sampling.temperature = 0.5;
  EXPECT_THROW(speculate(model, prompt, {twin, prompt.state, 3}, options), UsageError);
}

TEST(Rewind, GoesOnAsIfTheRestHadNotBeenRead) {
  ToyModel model(20);
  const Prompt prompt = model.read({{1, 2, 3, 4, 5}});
  DecodeState state = prompt.state;
  rewind(state, 2);
  EXPECT_EQ(state.length(), 2);
  const auto ids = [](std::vector<int64_t> list) { return at::tensor(list, at::kLong).unsqueeze(0); };
  const Tensor ours = model.logits(model.step(ids({9, 8}), {}, state))[0][1];
  EXPECT_LT((ours - model.raw({1, 2, 9, 8})).abs().max().item<double>(), 1e-5);
  // What the state was copied from is as it was.
  DecodeState before = prompt.state;
  const Tensor then = model.logits(model.step(ids({6}), {}, before))[0][0];
  EXPECT_LT((then - model.raw({1, 2, 3, 4, 5, 6})).abs().max().item<double>(), 1e-5);
  EXPECT_THROW(rewind(state, 40), Error);
}

}  // namespace
}  // namespace conclave
