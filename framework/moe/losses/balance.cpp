#include "framework/moe/losses/balance.h"

#include <ATen/ATen.h>

namespace conclave {
namespace {

/// Sums of the rows of values_NE by group: [G,E].
Tensor by_group(const Tensor& values_NE, const Tensor& group_N, int64_t groups) {
  return at::zeros({groups, values_NE.size(1)}, values_NE.options()).index_add(0, group_N, values_NE);
}

/// How often each token counts for each expert.
Tensor counts(const RoutedTokens& t, BalanceForm::Share share) {
  if (share != BalanceForm::Share::first) return t.count_NE;
  return at::zeros_like(t.count_NE).scatter(1, t.prob_NE.detach().argmax(1, true), 1);
}

/// Probabilities over the chosen experts alone; a token without any is undecided between all.
Tensor chosen_probabilities(const RoutedTokens& t) {
  const Tensor chosen_NE = t.count_NE > 0;
  const Tensor kept_NE = t.prob_NE.masked_fill(chosen_NE.logical_not(), 0);
  return at::where(chosen_NE.any(1, true), kept_NE / kept_NE.sum(1, true).clamp_min(1e-20),
                   1.0 / static_cast<double>(t.experts()));
}

/// Balance within each group. `extra_GE`: slots that the counts do not show.
Tensor balance_of(const RoutedTokens& t, const Tensor& group_N, int64_t groups, const BalanceForm& form,
                  const Tensor& extra_GE = {}) {
  Tensor weight_N1 = at::ones({t.tokens(), 1}, t.count_NE.options());
  if (form.importance && t.importance_N.defined()) weight_N1 = t.importance_N.to(at::kFloat).unsqueeze(1);
  const Tensor tokens_G1 = by_group(weight_N1, group_N, groups).clamp_min(1e-20);
  Tensor count_GE = by_group(counts(t, form.share) * weight_N1, group_N, groups);
  if (extra_GE.defined() && form.share != BalanceForm::Share::first) count_GE = count_GE + extra_GE;
  const bool over_tokens = form.share == BalanceForm::Share::tokens;
  const Tensor f_GE = count_GE / (over_tokens ? tokens_G1 : count_GE.sum(1, true).clamp_min(1e-20));
  const Tensor prob_NE = form.chosen ? chosen_probabilities(t) : t.prob_NE;
  const Tensor p_GE = by_group(prob_NE * weight_N1, group_N, groups) / tokens_G1;
  Tensor pool_G = at::full({groups}, static_cast<double>(t.experts()), f_GE.options());
  if (t.allowed_NE.defined())
    pool_G = (by_group(t.allowed_NE.to(at::kFloat), group_N, groups) > 0).sum(1).to(at::kFloat);
  return pool_G * (f_GE * p_GE).sum(1);
}

Tensor one_group(const RoutedTokens& t) {
  return at::zeros({t.tokens()}, t.count_NE.options().dtype(at::kLong));
}

Tensor extra(const RoutedTokens& t) {
  return t.dropped_E.defined() ? t.dropped_E.unsqueeze(0) : t.dropped_E;
}

Tensor joined(const std::vector<RoutedTokens>& all, Tensor RoutedTokens::*part) {
  std::vector<Tensor> parts;
  for (const auto& t : all) {
    if (!(t.*part).defined()) return {};
    parts.push_back(t.*part);
  }
  return at::cat(parts);
}

/// All records as one. What not every record has is left out.
RoutedTokens pooled(const std::vector<RoutedTokens>& all) {
  RoutedTokens one;
  for (auto part : {&RoutedTokens::prob_NE, &RoutedTokens::count_NE, &RoutedTokens::allowed_NE,
                    &RoutedTokens::modality_N, &RoutedTokens::sequence_N, &RoutedTokens::importance_N})
    one.*part = joined(all, part);
  for (const auto& t : all)
    if (t.dropped_E.defined())
      one.dropped_E = one.dropped_E.defined() ? one.dropped_E + t.dropped_E : t.dropped_E;
  return one;
}

Tensor reduced(const std::vector<Tensor>& losses, bool sum) {
  if (losses.empty()) return at::zeros({});
  const Tensor total = at::stack(losses).sum();
  return sum ? total : total / static_cast<double>(losses.size());
}

}  // namespace

Tensor BalanceLoss::operator()(std::span<const Record> records, const Tensor&) {
  auto all = routed_tokens(records, nulls, name());
  if (form.pool_layers && all.size() > 1) all = {pooled(all)};
  std::vector<Tensor> losses;
  for (const auto& t : all) losses.push_back(of(t));
  return reduced(losses, sum);
}

Tensor SwitchBalance::of(const RoutedTokens& t) const {
  return balance_of(t, one_group(t), 1, form, extra(t)).squeeze(0);
}

Tensor ModalityBalance::of(const RoutedTokens& t) const {
  constexpr int64_t kGroups = kModalities + 1;
  Tensor group_N = one_group(t);
  if (t.modality_N.defined())
    group_N = at::where((t.modality_N < 0) | (t.modality_N >= kModalities), kModalities, t.modality_N)
                  .to(at::kLong);
  Tensor loss_G = balance_of(t, group_N, kGroups, form);
  if (!weight_M.empty()) loss_G = loss_G * at::tensor(weight_M, loss_G.options());
  return loss_G.sum();  // 0 for a modality without tokens
}

Tensor SequenceBalance::of(const RoutedTokens& t) const {
  Tensor group_N = one_group(t);
  int64_t groups = 1;
  if (t.sequence_N.defined()) {
    const auto [ids, place_N, counts] =
        at::unique_dim(t.sequence_N, 0, /*sorted=*/true, /*return_inverse=*/true);
    group_N = place_N;
    groups = ids.size(0);
  }
  return balance_of(t, group_N, groups, form).mean();
}

Tensor WindowBalance::operator()(std::span<const Record> records, const Tensor&) {
  const auto all = routed_tokens(records, nulls, "window_balance");
  std::map<int, std::vector<RoutedTokens>> sites;
  for (const auto& t : all) {
    if (t.step != step_) count_E_.clear();
    step_ = t.step;
    Tensor count_E = t.count_NE.sum(0);
    if (t.dropped_E.defined()) count_E = count_E + t.dropped_E;
    Tensor& seen_E = count_E_[t.site];
    seen_E = seen_E.defined() ? seen_E + count_E : count_E;
    sites[t.site].push_back(t);
  }
  std::vector<Tensor> losses;
  for (const auto& [site, parts] : sites) {
    RoutedTokens t = pooled(parts);
    const Tensor rest_E = count_E_[site] - t.count_NE.sum(0);
    losses.push_back(balance_of(t, one_group(t), 1, {}, rest_E.unsqueeze(0)).squeeze(0));
  }
  return reduced(losses, sum);
}

}  // namespace conclave
