/// A small transformer with random weights, and the same without any cache.
#pragma once

#include <ATen/ATen.h>

#include "framework/blocks/transformer.h"
#include "framework/generate/language_model.h"
#include "framework/nn/embedding.h"

namespace conclave {

struct ToyModel : LanguageModel {
  Ptr<Transformer> stack;
  Embedding embedding;
  int64_t steps = 0;  ///< calls of step()

  explicit ToyModel(int64_t vocabulary) {
    at::manual_seed(21);
    stack = make_transformer(
        {{"width", 16}, {"layers", 2}, {"heads", 2}, {"init_std", 0.4}, {"ffn", {{"hidden", 24}}}});
    embedding = Embedding(vocabulary, 16, 0.7);
  }
  Tensor step(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state) override {
    ++steps;
    TokenContext context;
    context.past = &state;
    return stack->forward(embedding.forward(ids_NL), {.valid_NL = valid_NL}, context);
  }
  Tensor logits(const Tensor& features) override { return at::matmul(features, embedding.weight.t()); }

  DecodeState empty() const { return stack->new_state(); }
  /// Logits of the token after `tokens`, read from the start.
  Tensor raw(const std::vector<int64_t>& tokens) const {
    const Tensor ids = at::tensor(tokens, at::kLong).unsqueeze(0);
    return at::matmul(stack->forward(embedding.forward(ids), {}, {})[0][-1], embedding.weight.t());
  }
  Tensor next(const std::vector<int64_t>& tokens) const {
    return at::log_softmax(raw(tokens), -1).to(at::kDouble);
  }
  double log_prob(std::vector<int64_t> prompt, const std::vector<int64_t>& answer) const {
    double sum = 0;
    for (const int64_t token : answer) {
      sum += next(prompt)[token].item<double>();
      prompt.push_back(token);
    }
    return sum;
  }
  /// Reads prompts of several lengths, padded on the right.
  Prompt read(const std::vector<std::vector<int64_t>>& prompts) {
    size_t length = 0;
    for (const auto& p : prompts) length = std::max(length, p.size());
    const auto rows = static_cast<int64_t>(prompts.size()), columns = static_cast<int64_t>(length);
    const Tensor ids = at::zeros({rows, columns}, at::kLong), valid = at::zeros({rows, columns}, at::kBool);
    for (int64_t r = 0; r < rows; ++r) {
      const auto& p = prompts[static_cast<size_t>(r)];
      ids[r].narrow(0, 0, static_cast<int64_t>(p.size())).copy_(at::tensor(p, at::kLong));
      valid[r].narrow(0, 0, static_cast<int64_t>(p.size())).fill_(true);
    }
    return read_prompt(*this, ids, valid, empty());
  }
};

}  // namespace conclave
