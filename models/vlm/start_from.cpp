#include "models/vlm/start_from.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <unordered_map>

#include "framework/base/error.h"
#include "framework/moe/experts/upcycle.h"

namespace conclave {
namespace {

constexpr double kNoise = 0.1;

void upcycle_layer(const TransformerBlock& dense, TransformerBlock& routed) {
  const auto ffn = std::dynamic_pointer_cast<GatedFfn>(dense.ffn);
  const auto bank = std::dynamic_pointer_cast<FfnExperts>(routed.moe->experts);
  require<UsageError>(ffn && bank && bank->gated() && bank->w1_EFD.size(1) == ffn->gate_proj.out_features(),
                      "layer {}: only a gated FFN can become gated experts of its own width",
                      routed.self_attn->layer);
  const auto made = upcycle(
      *ffn,
      {.experts = bank->count(), .noise = kNoise, .seed = static_cast<uint64_t>(routed.self_attn->layer)});
  bank->w1_EFD.copy_(made->w1_EFD);
  bank->w3_EFD.copy_(made->w3_EFD);
  bank->w2_EDF.copy_(made->w2_EDF);
}

}  // namespace

void start_from(Vlm& model, Vlm& earlier) {
  at::NoGradGuard no_grad;
  std::unordered_map<std::string, Tensor> known;
  for (const auto& t : named_tensors(earlier)) known.emplace(t.name, t.tensor);
  for (auto& t : named_tensors(model)) {
    const auto found = known.find(t.name);
    if (found != known.end() && found->second.sizes() == t.tensor.sizes()) t.tensor.copy_(found->second);
  }
  const auto& before = earlier.decoder->layers;
  const auto& after = model.decoder->layers;
  for (size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    if (before[i]->ffn && after[i]->moe) upcycle_layer(*before[i], *after[i]);
  }
}

}  // namespace conclave
