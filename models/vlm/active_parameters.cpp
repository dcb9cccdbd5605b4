#include "models/vlm/active_parameters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace conclave {

int64_t active_parameters(Vlm& model, Modality modality) {
  at::NoGradGuard no_grad;
  int64_t active = count_parameters(*model.decoder);
  if (modality == Modality::vision) {
    active += count_parameters(*model.vision) + count_parameters(*model.connector);
  } else {
    active += model.embed_tokens.weight.numel();
  }
  TokenContext context;
  context.modality_T = at::full({1}, static_cast<int64_t>(modality), at::kLong);
  for (const auto& block : model.decoder->layers) {
    if (!block->moe) continue;
    const Routing routing = block->moe->route(at::ones({1, model.decoder->width}), context);
    const int64_t count = block->moe->experts->count(), bank = count_parameters(*block->moe->experts);
    const int64_t slots = std::min(routing.slots(), count);
    active -= bank - bank / count * slots;
  }
  return active;
}

}  // namespace conclave
