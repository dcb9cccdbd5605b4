/// The runs that a filter found, as a table: what every run has, then the metrics and parameters that
/// were chosen.
#pragma once

#include <QAbstractTableModel>
#include <QStringList>
#include <vector>

#include "framework/history/store.h"

namespace conclave::ui {

/// Columns before those of the metrics.
enum class RunColumn : uint8_t { number, name, program, experiment, started, duration, tags };
constexpr int kRunColumns = 7;

class RunTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;

  void set_columns(const QStringList& metrics, const QStringList& params);
  const QStringList& metrics() const { return metrics_; }
  const QStringList& params() const { return params_; }
  /// -1: as they come.
  int sort_column() const { return sort_column_; }
  /// Takes the place of what is shown; rows that stay keep their place in views where that can be.
  void set_runs(std::vector<RunSummary> runs);
  const RunSummary& at(int row) const { return runs_.at(static_cast<size_t>(row)); }
  /// -1 when it is not shown.
  int row_of(int64_t run) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  /// With kSparkRole, the curve behind a metric's number.
  QVariant data(const QModelIndex& index, int role) const override;
  /// With kColumnKey, what a column is remembered by.
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  /// Runs without a value come last. Column -1: newest first, as they come.
  void sort(int column, Qt::SortOrder order) override;

 private:
  void order(std::vector<RunSummary>& runs) const;
  QString text(const RunSummary& run, int column) const;
  /// The name of a metric or parameter; empty for other columns.
  QString metric_at(int column) const { return metrics_.value(column - kRunColumns); }
  QString param_at(int column) const { return params_.value(column - kRunColumns - metrics_.size()); }
  QString column_key(int column) const;
  std::vector<RunSummary> runs_;
  QStringList metrics_, params_;
  int sort_column_ = -1;
  Qt::SortOrder sort_order_ = Qt::AscendingOrder;
};

}  // namespace conclave::ui
