/// Rows of an evaluation as figures.
#pragma once

#include "apps/ultrasound/figures.h"
#include "apps/ultrasound/read_set.h"
#include "framework/score/calibration.h"

namespace conclave {

/// Of a field with two values, the second one counting as positive: auc, ece, ece_equal_mass, ece_perfect
/// (what a perfectly calibrated model with the same probabilities shows), brier, nll, accuracy, sensitivity
/// and specificity at one half, risk_100, risk_80, aurc. Of others: exact, within_one, macro_f1, kappa.
/// dice, rater_dice, ged, hd95, adf_mm and df_mm where they are known. The first two-valued field's figures
/// stand at the top.
Json figures_of(const std::vector<ReadRow>& rows, const ultrasound::TaskConfig& task,
                const EvalOptions& options);

/// Confidences of the likelier value of a field and whether it was right.
struct Confidences {
  std::vector<double> confidence;
  std::vector<uint8_t> right;
};
Confidences confidences_of(const std::vector<ReadRow>& rows, const std::string& field);

}  // namespace conclave
