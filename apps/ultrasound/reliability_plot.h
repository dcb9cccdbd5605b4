/// A reliability plot as a picture that every browser shows.
#pragma once

#include <string>
#include <vector>

#include "framework/score/calibration.h"

namespace conclave {

/// SVG: one bar for each bin that holds predictions, as wide as the bin, as high as its accuracy, with a mark
/// at its mean confidence, the diagonal, and the counts below.
std::string reliability_svg(const std::vector<ReliabilityBin>& bins, const std::string& title);

}  // namespace conclave
