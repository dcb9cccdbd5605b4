#include "framework/generate/score.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <span>

#include "framework/base/error.h"

namespace conclave {
namespace {

using Answers = std::span<const std::vector<int64_t>>;

Tensor score_some(LanguageModel& model, const Prompt& prompt, Answers answers) {
  const auto count = static_cast<int64_t>(answers.size());
  const int64_t rows = prompt.rows();
  int64_t length = 0;
  for (const auto& a : answers) length = std::max(length, static_cast<int64_t>(a.size()));
  Tensor ids = at::zeros({count, length}, at::kLong), valid = at::zeros({count, length}, at::kBool);
  for (int64_t a = 0; a < count; ++a) {
    const auto& tokens = answers[static_cast<size_t>(a)];
    ids[a].narrow(0, 0, static_cast<int64_t>(tokens.size())).copy_(at::tensor(tokens, at::kLong));
    valid[a].narrow(0, 0, static_cast<int64_t>(tokens.size())).fill_(true);
  }
  const auto device = prompt.logits_NV.device();
  ids = ids.to(device);
  valid = valid.to(device);

  // The prompt's logits score the first tokens; reading all but the last token scores the others.
  const Tensor first = at::log_softmax(prompt.logits_NV.to(at::kDouble), -1);
  const int64_t vocabulary = first.size(1);
  require(ids.lt(vocabulary).logical_and(ids.ge(0)).all().item<bool>(),
          "[score] an answer has a token outside the vocabulary of {}", vocabulary);
  Tensor total = first.index_select(1, ids.select(1, 0));
  if (length > 1) {
    const auto each_row = [&](const Tensor& x_AL) {
      return x_AL.unsqueeze(0).expand({rows, count, x_AL.size(1)}).reshape({rows * count, x_AL.size(1)});
    };
    auto state = prompt.state.fork(count);
    const Tensor features =
        model.step(each_row(ids.narrow(1, 0, length - 1)), each_row(valid.narrow(1, 1, length - 1)), state);
    const Tensor logits = model.logits(features).to(at::kFloat);
    const Tensor target = each_row(ids.narrow(1, 1, length - 1));
    const Tensor picked =
        (logits.gather(2, target.unsqueeze(2)).squeeze(2) - logits.logsumexp(-1)).to(at::kDouble);
    const Tensor counted =
        at::where(each_row(valid.narrow(1, 1, length - 1)), picked, at::zeros_like(picked));
    total = total + counted.sum(1).view({rows, count});
  }
  return total.to(at::kCPU);
}

}  // namespace

Tensor score_answers(LanguageModel& model, const Prompt& prompt,
                     const std::vector<std::vector<int64_t>>& answers, int64_t max_rows) {
  at::NoGradGuard no_grad;
  for (const auto& answer : answers) require(!answer.empty(), "[score] an empty answer");
  const int64_t rows = prompt.rows(), count = static_cast<int64_t>(answers.size());
  if (rows == 0 || count == 0) return at::zeros({rows, count}, at::kDouble);
  const int64_t chunk = std::max<int64_t>(1, max_rows / rows);
  std::vector<Tensor> parts;
  for (int64_t from = 0; from < count; from += chunk) {
    const auto size = static_cast<size_t>(std::min(chunk, count - from));
    parts.push_back(score_some(model, prompt, Answers(answers).subspan(static_cast<size_t>(from), size)));
  }
  return at::cat(parts, 1);
}

}  // namespace conclave
