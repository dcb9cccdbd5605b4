#include "framework/moe/routers/score/hash.h"

#include <ATen/ATen.h>

#include "framework/base/random.h"
#include "framework/moe/routers/score/linear.h"

namespace conclave {

float hash_score(uint64_t seed, int64_t token, int64_t expert) {
  const auto id = static_cast<uint64_t>(token);
  const auto bits = philox4x32(
      {static_cast<uint32_t>(id), static_cast<uint32_t>(id >> 32), static_cast<uint32_t>(expert), 0},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return static_cast<float>(bits[0] >> 8) * 0x1p-24f;
}

void HashScore::run(RouteState& state, const TokenContext& context) {
  require<Error>(context.token_T.defined(), "[router] hash: the pass names no vocabulary ids");
  const Tensor token_U = context.token_T.to(at::kCPU, at::kLong).contiguous();
  const int64_t units = token_U.size(0), pool = shape.experts + shape.nulls;
  Tensor score_UE = at::empty({units, pool});
  const int64_t* token = token_U.const_data_ptr<int64_t>();
  float* score = score_UE.mutable_data_ptr<float>();
  for (int64_t u = 0; u < units; ++u)
    for (int64_t e = 0; e < pool; ++e) *score++ = hash_score(seed, token[u], e);
  state.choice_UE = score_UE.to(state.x_UD.device());
  state.routing.logits_TE = at::zeros({units, score_width(shape)}, state.x_UD.options());
}

Ptr<Stage> make_hash_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<HashScore>();
  stage->shape = shape;
  stage->seed = static_cast<uint64_t>(config.get_integer("seed", 0));
  return stage;
}

}  // namespace conclave
