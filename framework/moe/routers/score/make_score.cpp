#include "framework/moe/routers/make.h"
#include "framework/moe/routers/score/affinity.h"
#include "framework/moe/routers/score/attention.h"
#include "framework/moe/routers/score/cosine.h"
#include "framework/moe/routers/score/hash.h"
#include "framework/moe/routers/score/linear.h"
#include "framework/moe/routers/score/mlp.h"
#include "framework/moe/routers/score/noisy.h"
#include "framework/moe/routers/score/per_modality.h"
#include "framework/moe/routers/score/per_task.h"
#include "framework/moe/routers/score/prototype.h"
#include "framework/moe/routers/score/recurrent.h"

namespace conclave {
namespace {

Ptr<Stage> make_affinity(ConfigObject& config, const RouterShape& shape) {
  require<UsageError>(shape.nulls == 0 && shape.shared == 0,
                      "{} = \"affinity\": null and shared experts give no score", config.name("kind"));
  return std::make_shared<AffinityScore>();
}

}  // namespace

Ptr<Stage> make_score(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      {"linear", make_linear_score},
      {"cosine", make_cosine_score},
      {"mlp", make_mlp_score},
      {"prototype", make_prototype_score},
      {"recurrent", make_recurrent_score},
      {"attention", make_attention_score},
      {"random", make_random_score},
      {"hash", make_hash_score},
      {"noisy", make_noisy_score},
      {"jitter", make_jitter_score},
      {"per_modality", make_per_modality_score},
      {"per_task", make_per_task_score},
      {"affinity", make_affinity},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
