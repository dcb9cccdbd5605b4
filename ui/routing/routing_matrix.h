/// The history's routing rows as matrices of layers by experts, one for each modality.
#pragma once

#include <vector>

#include "framework/history/store.h"
#include "ui/plots/heat_map.h"

namespace conclave::ui {

enum class RoutingMeasure : uint8_t {
  both,         ///< load, and below it the probability where it was recorded
  load,         ///< share of the slots that an expert got
  probability,  ///< share of the router's probability mass
  dropped       ///< share of an expert's slots that were lost to capacity
};

/// The measures that one choice stands for: two of `both`.
std::vector<RoutingMeasure> measures_of(RoutingMeasure measure);
/// As people read it, and as files have it.
QString measure_name(RoutingMeasure measure);
QString measure_id(RoutingMeasure measure);

/// A matrix for each modality, in the order of their names; layers in the order of their numbers. A cell
/// without any token is NaN.
std::vector<Matrix> routing_matrices(const std::vector<RoutingRow>& rows, RoutingMeasure measure);

/// The numbers of a row's experts; empty where the measure was not recorded. `both` is not one measure.
std::vector<double> expert_cells(const RoutingRow& row, RoutingMeasure measure);

/// Layers in the order of their numbers: the rows of the matrices.
QStringList routing_sites(const std::vector<RoutingRow>& rows);

/// `a` minus `b` where both have a cell.
std::vector<Matrix> subtract(const std::vector<Matrix>& a, const std::vector<Matrix>& b);

/// How evenly one layer uses its experts, over all modalities.
struct Balance {
  QString site;
  double entropy = 0;  ///< of the load, 1 when even
  double cv = 0;       ///< standard deviation of the load over its mean
  int dead = 0;        ///< experts without a slot
  double dropped = 0;  ///< share of all slots
};
std::vector<Balance> balance_of(const std::vector<RoutingRow>& rows);

}  // namespace conclave::ui
