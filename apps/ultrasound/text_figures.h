/// Reports against reference reports: their words, and the fields that they tell of.
#pragma once

#include "apps/ultrasound/figures.h"
#include "apps/ultrasound/report_lines.h"
#include "framework/score/words.h"

namespace conclave {

/// Scores of `reports` against the `references` with the same ids, with intervals by the references'
/// patients; how rare CIDEr-D's n-grams are stays that of all references. `splitting`: of BLEU; the other
/// scores split as their reference tools do. Throws UsageError when an id has no partner.
Json text_figures(const std::vector<ReportLine>& reports, const std::vector<ReportLine>& references,
                  Splitting splitting, const EvalOptions& options);

}  // namespace conclave
