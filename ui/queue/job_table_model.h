/// The jobs of the queue: running ones, waiting ones as they will come, the latest that ended.
#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "framework/history/queue.h"

namespace conclave::ui {

/// Waiting jobs can be dragged: reordered() then tells the wanted order.
class JobTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column : uint8_t { number, state, command, group, slots_wanted, tries, took, what };
  using QAbstractTableModel::QAbstractTableModel;

  void set_jobs(std::vector<Job> jobs);
  const Job& at(int row) const { return jobs_.at(static_cast<size_t>(row)); }
  int row_of(int64_t job) const;
  /// Waiting jobs in their order.
  std::vector<int64_t> waiting() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  Qt::DropActions supportedDropActions() const override { return Qt::MoveAction; }
  QStringList mimeTypes() const override;
  QMimeData* mimeData(const QModelIndexList& indexes) const override;
  bool dropMimeData(const QMimeData* data, Qt::DropAction action, int row, int column,
                    const QModelIndex& parent) override;

 Q_SIGNALS:
  void reordered(const std::vector<int64_t>& waiting);

 private:
  QString text(const Job& job, int column) const;
  std::vector<Job> jobs_;
};

/// "waiting", "running", "cancelling…", "done", ...: what is true now.
QString state_text(const Job& job);

}  // namespace conclave::ui
