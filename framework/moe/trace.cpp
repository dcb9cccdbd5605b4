#include "framework/moe/trace.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <numeric>

#include "framework/base/error.h"

namespace conclave {
namespace {

int row_of(int64_t modality) {
  return modality >= 0 && modality < kModalities ? static_cast<int>(modality) : kModalities;
}

template <class T>
std::span<const T> view(const Tensor& t) {
  return {t.const_data_ptr<T>(), static_cast<size_t>(t.numel())};
}

template <class T>
void add_to(std::vector<T>& sum, const std::vector<T>& more) {
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
}

std::vector<double> shares(std::vector<double> count) {
  const double total = std::accumulate(count.begin(), count.end(), 0.0);
  if (total > 0)
    for (double& c : count) c /= total;
  return count;
}

}  // namespace

Trace::Totals& Trace::site(Site site, int experts) {
  Totals& totals = sites_[site];
  if (totals.experts == 0) {
    const size_t cells = static_cast<size_t>(experts) * kTraceRows;
    totals = {experts,
              std::vector<int64_t>(cells),
              std::vector<double>(cells),
              std::vector<double>(cells),
              std::vector<int64_t>(kTraceRows),
              std::vector<int64_t>(static_cast<size_t>(experts))};
  }
  require(totals.experts == experts, "[trace] site {} had {} experts, now {}", site, totals.experts, experts);
  return totals;
}

void Trace::add(Site where, int experts, RoutingView routing, std::span<const int8_t> modality) {
  Totals& totals = site(where, experts);
  for (int t = 0; t < routing.tokens; ++t) {
    const int row = modality.empty() ? 0 : row_of(modality[t]);
    const size_t cells = static_cast<size_t>(row) * experts, slots = static_cast<size_t>(t) * routing.slots;
    ++totals.tokens[row];
    for (int k = 0; k < routing.slots; ++k) {
      const int expert = routing.expert[slots + k];
      if (expert < 0 || expert >= experts) continue;
      ++totals.count[cells + expert];
      totals.weight[cells + expert] += routing.weight[slots + k];
    }
  }
}

void Trace::add(const Record& record) {
  at::NoGradGuard no_grad;
  const Routing& routing = record.routing;
  if (!routing.expert_TK.defined()) return;
  const int experts = static_cast<int>(record.experts + record.nulls);
  Totals& totals = site(record.site, experts);

  Tensor rows;  // of the valid tokens; undefined means all
  if (record.context.valid_T.defined()) rows = record.context.valid_T.nonzero().squeeze(1);
  const auto here = [&](const Tensor& t, at::ScalarType dtype) {
    return (rows.defined() ? t.index_select(0, rows) : t).to(at::kCPU, dtype).contiguous();
  };
  const Tensor expert_TK = here(routing.expert_TK, at::kInt), weight_TK = here(routing.weight_TK, at::kFloat);
  Tensor modality_T;
  if (record.context.modality_T.defined())
    modality_T = here(record.context.modality_T.clamp(-1, kModalities), at::kChar);
  add(record.site, experts,
      {view<int32_t>(expert_TK), view<float>(weight_TK), static_cast<int>(expert_TK.size(0)),
       static_cast<int>(expert_TK.size(1))},
      modality_T.defined() ? view<int8_t>(modality_T) : std::span<const int8_t>());

  if (routing.prob_TE.defined()) {
    const Tensor prob_TE = here(routing.prob_TE, at::kFloat);
    const float* p = prob_TE.const_data_ptr<float>();
    const int64_t pool = std::min<int64_t>(prob_TE.size(1), experts);
    for (int64_t t = 0; t < prob_TE.size(0); ++t, p += prob_TE.size(1)) {
      const int row = modality_T.defined() ? row_of(modality_T.const_data_ptr<int8_t>()[t]) : 0;
      double* sum = totals.probability.data() + static_cast<size_t>(row) * experts;
      for (int64_t e = 0; e < pool; ++e) sum[e] += p[e];
    }
  }
  if (record.dropped_E.defined()) {
    const Tensor dropped = record.dropped_E.to(at::kCPU, at::kFloat).contiguous();
    for (int64_t e = 0; e < std::min<int64_t>(dropped.numel(), experts); ++e)
      totals.dropped[e] += std::llround(dropped.const_data_ptr<float>()[e]);
  }
}

void Trace::merge(const Trace& other) {
  for (const auto& [where, more] : other.sites_) {
    Totals& totals = site(where, more.experts);
    add_to(totals.count, more.count);
    add_to(totals.weight, more.weight);
    add_to(totals.probability, more.probability);
    add_to(totals.tokens, more.tokens);
    add_to(totals.dropped, more.dropped);
  }
}

Json Trace::loads() const {
  Json all = Json::object();
  for (const auto& [where, totals] : sites_) {
    Json& rows = all[std::to_string(where)] = Json::object();
    for (int row = 0; row < kTraceRows; ++row) {
      const auto load = load_of(totals, row);
      if (std::accumulate(load.begin(), load.end(), 0.0) > 0)
        rows[modality_name(static_cast<Modality>(row))] = load;  // "unknown" for the last row
    }
  }
  return all;
}

std::vector<double> load_of(const Trace::Totals& totals) {
  std::vector<double> count(static_cast<size_t>(totals.experts));
  for (size_t i = 0; i < totals.count.size(); ++i)
    count[i % count.size()] += static_cast<double>(totals.count[i]);
  return shares(std::move(count));
}

std::vector<double> load_of(const Trace::Totals& totals, int row) {
  const auto begin = totals.count.begin() + static_cast<ptrdiff_t>(row) * totals.experts;
  return shares({begin, begin + totals.experts});
}

double load_entropy(std::span<const double> load) {
  if (load.size() < 2) return 1;
  double entropy = 0;
  for (const double p : load)
    if (p > 0) entropy -= p * std::log(p);
  return entropy / std::log(static_cast<double>(load.size()));
}

double load_cv(std::span<const double> load) {
  const auto n = static_cast<double>(load.size());
  const double mean = std::accumulate(load.begin(), load.end(), 0.0) / n;
  if (load.empty() || mean == 0) return 0;
  double square = 0;
  for (const double p : load) square += (p - mean) * (p - mean);
  return std::sqrt(square / n) / mean;
}

std::vector<int> dead_experts(std::span<const double> load, double share) {
  std::vector<int> dead;
  for (size_t e = 0; e < load.size(); ++e)
    if (load[e] * static_cast<double>(load.size()) <= share) dead.push_back(static_cast<int>(e));
  return dead;
}

}  // namespace conclave
