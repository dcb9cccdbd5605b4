#include "framework/moe/routers/mask/modality_pool.h"

#include <ATen/ATen.h>

#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

// {"vision": 1, "text": 1}: the first modality owns the first experts, and so on; the last one owns the last
// experts; those between are shared. With two modalities this is MoIIE's layout for any E.
std::map<Modality, std::vector<int64_t>> private_pools(const Json& owns, const std::string& where,
                                                       int64_t experts) {
  ConfigObject reader(owns, where);
  require<UsageError>(!owns.empty(), "{} is empty; it takes {{\"vision\": 1, ...}}", where);
  std::vector<std::pair<Modality, int64_t>> counts;
  int64_t owned = 0;
  for (const auto& [name, value] : owns.items()) {
    counts.emplace_back(modality_named(name, where), integer_of(reader, name, std::nullopt, 0, experts));
    owned += counts.back().second;
  }
  require<UsageError>(owned <= experts, "{}: {} experts are owned, there are {}", where, owned, experts);
  std::map<Modality, std::vector<int64_t>> pools;
  const int64_t shared_end = experts - counts.back().second;
  const int64_t shared_begin = shared_end - (experts - owned);
  int64_t first = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    auto& pool = pools[counts[i].first];
    if (i + 1 == counts.size()) first = shared_end;
    for (int64_t e = 0; e < counts[i].second; ++e) pool.push_back(first++);
    for (int64_t e = shared_begin; e < shared_end; ++e) pool.push_back(e);
    require<UsageError>(!pool.empty(), "{}: {} has no experts", where, modality_name(counts[i].first));
  }
  return pools;
}

}  // namespace

Modality modality_named(const std::string& name, const std::string& where) {
  for (int m = 0; m < kModalities; ++m)
    if (name == modality_name(static_cast<Modality>(m))) return static_cast<Modality>(m);
  throw UsageError(fmt::format("{}: '{}' is no modality; one of text, vision, audio, video", where, name));
}

ModalityPool::ModalityPool(const std::map<Modality, std::vector<int64_t>>& pools, const RouterShape& shape)
    : pool_ME_(at::ones({kModalities + 1, shape.experts + shape.nulls}, at::kBool)) {
  for (const auto& [modality, experts] : pools) {
    Tensor row = pool_ME_[static_cast<int64_t>(modality)];
    row.narrow(0, 0, shape.experts).fill_(false);
    for (const int64_t e : experts) row[e].fill_(true);
  }
}

void ModalityPool::run(RouteState& state, const TokenContext& context) {
  if (pool_ME_.device() != state.x_UD.device()) pool_ME_ = pool_ME_.to(state.x_UD.device());
  if (!context.modality_T.defined()) {
    state.allow(pool_ME_[static_cast<int64_t>(Modality::text)].unsqueeze(0));
    return;
  }
  const Tensor& m_U = context.modality_T;
  const Tensor row_U = at::where((m_U < 0) | (m_U >= kModalities), kModalities, m_U).to(at::kLong);
  state.allow(pool_ME_.index_select(0, row_U));
}

Ptr<Stage> make_modality_pool(ConfigObject& config, const RouterShape& shape) {
  require<UsageError>(config.has("private") != config.has("pools"), "{} or {}: exactly one of them is needed",
                      config.name("private"), config.name("pools"));
  const Json& owns = config.part("private");
  const Json& lists = config.part("pools");
  if (config.has("private"))
    return std::make_shared<ModalityPool>(private_pools(owns, config.name("private"), shape.experts), shape);
  ConfigObject reader(lists, config.name("pools"));
  std::map<Modality, std::vector<int64_t>> pools;
  for (const auto& [name, list] : lists.items()) {
    auto& pool = pools[modality_named(name, config.name("pools"))];
    pool = integers_of(reader, name, 0, shape.experts - 1);
    require<UsageError>(!pool.empty(), "{} names no experts", reader.name(name));
  }
  return std::make_shared<ModalityPool>(pools, shape);
}

}  // namespace conclave
