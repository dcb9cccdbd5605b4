/// A trace of a model's routing as rows of the history.
#pragma once

#include <algorithm>
#include <utility>

#include "framework/history/store.h"
#include "framework/moe/trace.h"

namespace conclave {

/// "text", "vision", ... of a row of a trace; "unknown" for the last one.
inline std::string trace_row_name(int row) {
  return row < kModalities ? modality_name(static_cast<Modality>(row)) : "unknown";
}

/// One row for each site and modality that had tokens. What was lost to capacity is known of experts alone
/// and stands in the first row of its site.
inline std::vector<RoutingRow> routing_rows(const Trace& trace) {
  const auto some = [](const auto& all) {
    return std::any_of(all.begin(), all.end(), [](auto value) { return value > 0; });
  };
  std::vector<RoutingRow> rows;
  for (const auto& [site, totals] : trace.sites()) {
    bool first = true;
    for (int m = 0; m < kTraceRows; ++m) {
      const auto place = static_cast<size_t>(m);
      if (totals.tokens[place] == 0) continue;
      RoutingRow row;
      row.site = std::to_string(site);
      row.modality = trace_row_name(m);
      row.tokens = totals.tokens[place];
      const auto own = [&, experts = static_cast<ptrdiff_t>(totals.experts)](const auto& all, auto& to) {
        to.assign(all.begin() + m * experts, all.begin() + (m + 1) * experts);
      };
      own(totals.count, row.counts);
      if (some(totals.probability)) own(totals.probability, row.prob_sums);
      if (std::exchange(first, false) && some(totals.dropped))
        row.dropped.assign(totals.dropped.begin(), totals.dropped.end());
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace conclave
