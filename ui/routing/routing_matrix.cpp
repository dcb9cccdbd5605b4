#include "ui/routing/routing_matrix.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

namespace conclave::ui {
namespace {

// "decoder.10" behind "decoder.9": the words before the last number, and the number.
std::pair<QString, qlonglong> place_of(const QString& site) {
  qsizetype digits = 0;
  while (digits < site.size() && digits < 18 && site[site.size() - 1 - digits].isDigit()) ++digits;
  return {site.left(site.size() - digits), site.right(digits).toLongLong()};
}

// The values of `a` minus those of `b` in the same places.
template <class At>
void take_from(std::vector<double>& values, const Matrix& a, const Matrix* b, At at) {
  for (int r = 0; r < a.rows.size(); ++r)
    for (int c = 0; c < a.columns.size(); ++c) {
      double& value = values[static_cast<size_t>(r * a.columns.size() + c)];
      const auto row = b ? b->rows.indexOf(a.rows[r]) : -1;
      const bool there = row >= 0 && c < b->columns.size();
      value = there ? value - at(*b, static_cast<int>(row), c) : NAN;
    }
}

}  // namespace

std::vector<RoutingMeasure> measures_of(RoutingMeasure measure) {
  if (measure == RoutingMeasure::both) return {RoutingMeasure::load, RoutingMeasure::probability};
  return {measure};
}

QString measure_name(RoutingMeasure measure) {
  switch (measure) {
    case RoutingMeasure::both:
      return HeatMap::tr("Share and probability");
    case RoutingMeasure::load:
      return HeatMap::tr("Share of tokens");
    case RoutingMeasure::probability:
      return HeatMap::tr("Probability mass");
    case RoutingMeasure::dropped:
      return HeatMap::tr("Dropped");
  }
  return {};
}

QString measure_id(RoutingMeasure measure) {
  constexpr const char* kIds[] = {"share and probability", "share", "probability", "dropped"};
  return kIds[static_cast<size_t>(measure)];
}

std::vector<double> expert_cells(const RoutingRow& row, RoutingMeasure measure) {
  std::vector<double> cells(row.counts.begin(), row.counts.end());
  if (measure == RoutingMeasure::probability) cells.assign(row.prob_sums.begin(), row.prob_sums.end());
  if (measure == RoutingMeasure::dropped) {
    cells.assign(row.dropped.begin(), row.dropped.end());
    for (size_t e = 0; e < cells.size(); ++e) {
      const double all = cells[e] + (e < row.counts.size() ? row.counts[e] : 0);
      cells[e] = all > 0 ? cells[e] / all : 0;
    }
    return cells;
  }
  const double sum = std::accumulate(cells.begin(), cells.end(), 0.0);
  for (double& cell : cells) cell = sum > 0 ? cell / sum : NAN;
  return cells;
}

QStringList routing_sites(const std::vector<RoutingRow>& rows) {
  std::set<QString> found;
  for (const RoutingRow& row : rows) found.insert(QString::fromStdString(row.site));
  QStringList sites(found.begin(), found.end());
  std::sort(sites.begin(), sites.end(),
            [](const QString& a, const QString& b) { return place_of(a) < place_of(b); });
  return sites;
}

std::vector<Matrix> routing_matrices(const std::vector<RoutingRow>& rows, RoutingMeasure measure) {
  if (measure == RoutingMeasure::both) {
    auto matrices = routing_matrices(rows, RoutingMeasure::load);
    for (const Matrix& lower : routing_matrices(rows, RoutingMeasure::probability))
      for (Matrix& matrix : matrices)
        if (matrix.title == lower.title && matrix.columns == lower.columns) matrix.below = lower.values;
    return matrices;
  }
  const QStringList sites = routing_sites(rows);
  size_t experts = 0;
  std::map<std::string, std::map<QString, std::vector<double>>> blocks;
  for (const RoutingRow& row : rows) {
    auto cells = expert_cells(row, measure);
    if (cells.empty()) continue;
    experts = std::max(experts, cells.size());
    blocks[row.modality][QString::fromStdString(row.site)] = std::move(cells);
  }
  std::vector<Matrix> matrices;
  for (const auto& [modality, block] : blocks) {
    Matrix matrix{QString::fromStdString(modality), {}, {}, {}};
    for (size_t e = 0; e < experts; ++e) matrix.columns << QString("e%1").arg(e);
    for (const QString& site : sites) {
      matrix.rows << HeatMap::tr("layer %1").arg(site);
      std::vector<double> cells;
      if (const auto found = block.find(site); found != block.end()) cells = found->second;
      cells.resize(experts, NAN);
      matrix.values.insert(matrix.values.end(), cells.begin(), cells.end());
    }
    matrices.push_back(std::move(matrix));
  }
  return matrices;
}

std::vector<Matrix> subtract(const std::vector<Matrix>& a, const std::vector<Matrix>& b) {
  std::vector<Matrix> result = a;
  for (Matrix& matrix : result) {
    const auto other =
        std::find_if(b.begin(), b.end(), [&](const Matrix& one) { return one.title == matrix.title; });
    const Matrix* from = other == b.end() ? nullptr : &*other;
    take_from(matrix.values, matrix, from, [](const Matrix& m, int r, int c) { return m.at(r, c); });
    if (!matrix.below.empty())
      take_from(matrix.below, matrix, from, [](const Matrix& m, int r, int c) { return m.below_at(r, c); });
  }
  return result;
}

std::vector<Balance> balance_of(const std::vector<RoutingRow>& rows) {
  std::vector<Balance> balances;
  for (const QString& site : routing_sites(rows)) {
    std::vector<double> load;
    double lost = 0;
    for (const RoutingRow& row : rows) {
      if (QString::fromStdString(row.site) != site) continue;
      load.resize(std::max(load.size(), row.counts.size()));
      for (size_t e = 0; e < row.counts.size(); ++e) load[e] += row.counts[e];
      lost = std::accumulate(row.dropped.begin(), row.dropped.end(), lost);
    }
    const double sum = std::accumulate(load.begin(), load.end(), 0.0);
    Balance balance{site};
    if (sum > 0 && load.size() > 1) {
      const double mean = sum / static_cast<double>(load.size());
      double squares = 0;
      for (const double count : load) {
        if (count > 0) balance.entropy -= count / sum * std::log(count / sum);
        squares += (count - mean) * (count - mean);
      }
      balance.entropy /= std::log(static_cast<double>(load.size()));
      balance.cv = std::sqrt(squares / static_cast<double>(load.size())) / mean;
    }
    balance.dead = static_cast<int>(std::count(load.begin(), load.end(), 0.0));
    balance.dropped = sum + lost > 0 ? lost / (sum + lost) : 0;
    balances.push_back(balance);
  }
  return balances;
}

}  // namespace conclave::ui
