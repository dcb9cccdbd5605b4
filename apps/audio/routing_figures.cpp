#include "apps/audio/routing_figures.h"

#include "apps/routing/routing_rows.h"

namespace conclave {
double null_rate(const Trace& trace, const NullExperts& nulls, int row) {
  int64_t slots = 0, null = 0;
  for (const auto& [site, totals] : trace.sites()) {
    const auto experts = static_cast<size_t>(totals.experts);
    const auto found = nulls.find(site);
    const size_t first_null = experts - static_cast<size_t>(found == nulls.end() ? 0 : found->second);
    for (size_t i = 0; i < totals.count.size(); ++i) {
      if (row >= 0 && i / experts != static_cast<size_t>(row)) continue;
      slots += totals.count[i];
      if (i % experts >= first_null) null += totals.count[i];
    }
  }
  return slots > 0 ? static_cast<double>(null) / static_cast<double>(slots) : 0;
}

Json null_rate_by_modality(const Trace& trace, const NullExperts& nulls) {
  Json rates = Json::object();
  for (int row = 0; row < kTraceRows; ++row) {
    int64_t tokens = 0;
    for (const auto& [site, totals] : trace.sites()) tokens += totals.tokens[static_cast<size_t>(row)];
    if (tokens > 0) rates[trace_row_name(row)] = null_rate(trace, nulls, row);
  }
  return rates;
}

}  // namespace conclave
