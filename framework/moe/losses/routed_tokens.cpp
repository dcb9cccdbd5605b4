#include "framework/moe/losses/routed_tokens.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

/// values_NK added up at each token's experts: [N,E]. Empty slots and experts outside the pool are left out.
Tensor by_expert(const Tensor& expert_NK, const Tensor& values_NK, int64_t experts) {
  const Tensor column = at::where((expert_NK < 0) | (expert_NK >= experts), experts, expert_NK).to(at::kLong);
  return at::zeros({expert_NK.size(0), experts + 1}, values_NK.options())
      .scatter_add(1, column, values_NK)
      .narrow(1, 0, experts);
}

void add(std::vector<RoutedTokens>& all, const Record& record, const Routing& routing, bool nulls,
         const char* loss) {
  for (const auto& factor : routing.factors) add(all, record, factor, nulls, loss);
  if (!routing.factors.empty() || !routing.expert_TK.defined() || routing.tokens() == 0) return;
  require<UsageError>(routing.prob_TE.defined(),
                      "loss \"{}\": the router at site {} keeps no probabilities to train by", loss,
                      record.site);
  const TokenContext& context = record.context;
  Tensor rows;  // of the valid tokens; undefined means all
  if (context.valid_T.defined()) rows = context.valid_T.nonzero().squeeze(1);
  if (rows.defined() && rows.size(0) == 0) return;
  const auto pick = [&](const Tensor& t) {
    return t.defined() && rows.defined() ? t.index_select(0, rows) : t;
  };
  // Null experts are the last columns; a factor of a product router has a pool of its own, without any.
  const int64_t pool = routing.prob_TE.size(1);
  const int64_t experts = nulls || pool != record.experts + record.nulls ? pool : record.experts;
  const auto columns = [&](const Tensor& t) { return t.defined() ? pick(t).narrow(1, 0, experts) : t; };

  RoutedTokens n;
  n.site = record.site;
  n.step = context.step;
  n.prob_NE = columns(routing.prob_TE).to(at::kFloat);
  n.prob_NE = n.prob_NE / n.prob_NE.sum(1, true).clamp_min(1e-20);
  n.logits_NE = columns(routing.logits_TE);
  n.allowed_NE = columns(routing.allowed_TE);
  const Tensor expert_NK = pick(routing.expert_TK), weight_NK = pick(routing.weight_TK).to(at::kFloat);
  const Tensor& chosen_TK = routing.chosen_TK.defined() ? routing.chosen_TK : routing.expert_TK;
  n.count_NE = by_expert(pick(chosen_TK), at::ones_like(weight_NK.detach()), experts);
  n.weight_NE = by_expert(expert_NK, weight_NK, experts);
  // Lost slots are among the chosen ones already.
  if (routing.dropped_E.defined() && !routing.chosen_TK.defined())
    n.dropped_E = routing.dropped_E.narrow(0, 0, experts);
  n.modality_N = pick(context.modality_T);
  n.sequence_N = pick(context.sequence_T);
  n.task_N = pick(context.task_T);
  n.importance_N = pick(context.importance_T);
  n.slots = routing.slots();
  all.push_back(std::move(n));
}

}  // namespace

std::vector<RoutedTokens> routed_tokens(std::span<const Record> records, bool nulls, const char* loss) {
  std::vector<RoutedTokens> all;
  for (const auto& record : records) add(all, record, record.routing, nulls, loss);
  return all;
}

Tensor RecordLoss::operator()(std::span<const Record> records, const Tensor&) {
  const auto all = routed_tokens(records, nulls, name());
  if (all.empty()) return at::zeros({});
  Tensor total;
  for (const auto& tokens : all) total = total.defined() ? total + of(tokens) : of(tokens);
  return sum ? total : total / static_cast<double>(all.size());
}

}  // namespace conclave
