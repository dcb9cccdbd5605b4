/// Exponential smoothing of curves that are shown in buckets.
#pragma once

#include <span>
#include <vector>

#include "framework/history/points.h"

namespace conclave::ui {

/// Means of `buckets`, each point weighing `weight` (0 to below 1) of the one before it, without the pull of
/// the first values to zero (as Adam's moments are corrected). A bucket of n points counts as n of its mean;
/// one without a finite value is NaN and changes nothing. 0 gives the means themselves.
std::vector<double> smooth(std::span<const Bucket> buckets, double weight);

}  // namespace conclave::ui
