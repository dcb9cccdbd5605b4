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

// The cells of one row; empty where the measure was not recorded.
std::vector<double> cells_of(const RoutingRow& row, RoutingMeasure measure) {
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

}  // namespace

QStringList routing_sites(const std::vector<RoutingRow>& rows) {
  std::set<QString> found;
  for (const RoutingRow& row : rows) found.insert(QString::fromStdString(row.site));
  QStringList sites(found.begin(), found.end());
  std::sort(sites.begin(), sites.end(),
            [](const QString& a, const QString& b) { return place_of(a) < place_of(b); });
  return sites;
}

std::vector<Matrix> routing_matrices(const std::vector<RoutingRow>& rows, RoutingMeasure measure) {
  const QStringList sites = routing_sites(rows);
  size_t experts = 0;
  std::map<std::string, std::map<QString, std::vector<double>>> blocks;
  for (const RoutingRow& row : rows) {
    auto cells = cells_of(row, measure);
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
    for (int r = 0; r < matrix.rows.size(); ++r)
      for (int c = 0; c < matrix.columns.size(); ++c) {
        double& value = matrix.values[static_cast<size_t>(r * matrix.columns.size() + c)];
        const auto row = other == b.end() ? -1 : other->rows.indexOf(matrix.rows[r]);
        const bool there = row >= 0 && c < other->columns.size();
        value = there ? value - other->at(static_cast<int>(row), c) : NAN;
      }
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
