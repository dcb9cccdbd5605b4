#include "framework/moe/routers/mask/pools.h"

#include <ATen/ATen.h>

#include <limits>

#include "framework/moe/few_tokens.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

PoolMask::PoolMask(Tensor TokenContext::*field, int64_t assumed, const Pools& pools, const RouterShape& shape)
    : field_(field), assumed_(assumed) {
  const int64_t rows = pools.empty() ? 0 : pools.rbegin()->first + 1;
  pool_PE_ = at::ones({rows + 1, shape.experts + shape.nulls}, at::kBool);
  for (const auto& [id, experts] : pools) {
    Tensor row = pool_PE_[id];
    row.narrow(0, 0, shape.experts).fill_(false);
    for (const int64_t e : experts) row[e].fill_(true);
  }
}

void PoolMask::run(RouteState& state, const TokenContext& context) {
  if (pool_PE_.device() != state.x_UD.device()) pool_PE_ = pool_PE_.to(state.x_UD.device());
  const int64_t unknown = pool_PE_.size(0) - 1;
  const Tensor& id_U = context.*field_;
  if (!id_U.defined()) {
    const int64_t row = assumed_ >= 0 && assumed_ < unknown ? assumed_ : unknown;
    state.allow(pool_PE_[row].unsqueeze(0));
    return;
  }
  const Tensor row_U = at::where((id_U < 0) | (id_U >= unknown), unknown, id_U).to(at::kLong);
  state.allow(pool_PE_.index_select(0, row_U));
}

bool PoolMask::run_few(FewTokens& few) {
  const Tensor& id = few.context.*field_;
  const int64_t* id_T = id.defined() ? few.ids(id) : nullptr;
  if (!pool_PE_.is_cpu() || pool_PE_.size(1) != few.experts || (id.defined() && !id_T)) return false;
  const int64_t unknown = pool_PE_.size(0) - 1;
  const bool* pool_PE = pool_PE_.const_data_ptr<bool>();
  for (int64_t t = 0; t < few.tokens; ++t) {
    const int64_t own = id_T ? id_T[t] : assumed_;
    const bool* pool_E = pool_PE + (own >= 0 && own < unknown ? own : unknown) * few.experts;
    float* choice_E = few.choice_TE.data() + t * few.experts;
    for (int64_t e = 0; e < few.experts; ++e) {
      if (!pool_E[e]) choice_E[e] = -std::numeric_limits<float>::infinity();
    }
  }
  return true;
}

Pools private_pools(const std::vector<std::pair<int64_t, int64_t>>& owned, int64_t experts) {
  int64_t total = 0;
  for (const auto& [id, count] : owned) total += count;
  const int64_t shared_end = experts - owned.back().second;
  const int64_t shared_begin = total - owned.back().second;
  Pools pools;
  int64_t first = 0;
  for (size_t i = 0; i < owned.size(); ++i) {
    const auto [id, count] = owned[i];
    if (i + 1 == owned.size()) first = shared_end;
    for (int64_t e = 0; e < count; ++e) pools[id].push_back(first++);
    for (int64_t e = shared_begin; e < shared_end; ++e) pools[id].push_back(e);
  }
  return pools;
}

int64_t modality_named(const std::string& name, const std::string& path) {
  for (int m = 0; m < kModalities; ++m)
    if (name == modality_name(static_cast<Modality>(m))) return m;
  throw UsageError(fmt::format("{} = \"{}\": must be one of text, vision, audio, video", path, name));
}

Ptr<Stage> make_modality_pool(ConfigObject& config, const RouterShape& shape) {
  require<UsageError>(config.has("private") != config.has("pools"), "{} or {}: exactly one of them is needed",
                      config.name("private"), config.name("pools"));
  const std::string key = config.has("private") ? "private" : "pools";
  const Json& part = config.part(key);
  ConfigObject reader(part, config.name(key));
  require<UsageError>(!part.empty(), "{} names no modality", config.name(key));
  Pools pools;
  if (key == "pools") {
    for (const auto& [name, list] : part.items())
      pools[modality_named(name, config.name(key))] = integers_of(reader, name, 0, shape.experts - 1);
  } else {
    std::vector<std::pair<int64_t, int64_t>> owned;
    int64_t total = 0;
    for (const auto& [name, count] : part.items()) {
      owned.emplace_back(modality_named(name, config.name(key)),
                         integer_of(reader, name, std::nullopt, 0, shape.experts));
      total += owned.back().second;
    }
    require<UsageError>(total <= shape.experts, "{}: {} experts are owned, there are {}", config.name(key),
                        total, shape.experts);
    pools = private_pools(owned, shape.experts);
    for (const auto& [id, count] : owned) pools.try_emplace(id);
  }
  for (const auto& [id, experts] : pools)
    require<UsageError>(!experts.empty(), "{}: {} has no experts", config.name(key),
                        modality_name(static_cast<Modality>(id)));
  return std::make_shared<PoolMask>(&TokenContext::modality_T, static_cast<int64_t>(Modality::text), pools,
                                    shape);
}

Ptr<Stage> make_task_pool(ConfigObject& config, const RouterShape& shape) {
  const Json& lists = config.part("pools");
  require<UsageError>(lists.is_array() && !lists.empty(), "{} must be a list of lists of experts",
                      config.name("pools"));
  Pools pools;
  for (size_t task = 0; task < lists.size(); ++task) {
    const Json one = {{"experts", lists[task]}};
    ConfigObject reader(one, fmt::format("{}.{}", config.name("pools"), task));
    auto& pool = pools[static_cast<int64_t>(task)] = integers_of(reader, "experts", 0, shape.experts - 1);
    require<UsageError>(!pool.empty(), "{}.{} names no experts", config.name("pools"), task);
  }
  return std::make_shared<PoolMask>(&TokenContext::task_T, -1, pools, shape);
}

}  // namespace conclave
