#include "framework/generate/language_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"

namespace conclave {

Prompt read_prompt(LanguageModel& model, const Tensor& ids_NL, const Tensor& valid_NL, DecodeState state) {
  at::NoGradGuard no_grad;
  const int64_t rows = ids_NL.size(0), length = ids_NL.size(1);
  require(length > 0, "[generate] an empty prompt");
  const Tensor features = model.step(ids_NL, valid_NL, state);
  const Tensor valid = valid_NL.defined() ? valid_NL.to(at::kBool) : at::ones_like(ids_NL, at::kBool);
  const Tensor place = at::arange(length, at::dtype(at::kLong).device(ids_NL.device()));
  const Tensor last = at::where(valid, place, at::full_like(place, -1)).amax(1);
  require(rows == 0 || last.ge(0).all().item<bool>(), "[generate] a prompt has no valid token");
  const Tensor row = at::arange(rows, at::dtype(at::kLong).device(ids_NL.device()));

  Prompt prompt{std::move(state), model.logits(features.index({row, last})), {}};
  prompt.tokens.resize(static_cast<size_t>(rows));
  const Tensor ids_host = ids_NL.to(at::kCPU, at::kLong).contiguous();
  const Tensor valid_host = valid.to(at::kCPU).contiguous();
  const auto* id = ids_host.const_data_ptr<int64_t>();
  const auto* ok = valid_host.const_data_ptr<bool>();
  for (int64_t i = 0; i < rows * length; ++i) {
    if (ok[i]) prompt.tokens[static_cast<size_t>(i / length)].push_back(id[i]);
  }
  return prompt;
}

}  // namespace conclave
