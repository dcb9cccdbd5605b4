/// A table of texts that is only shown: parameters, files, events.
#pragma once

#include <QAbstractTableModel>
#include <QStringList>
#include <vector>

namespace conclave::ui {

class TextTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  struct Row {
    QStringList cells;
    bool marked = false;  ///< shown bold: what differs, what matters
  };
  /// Columns in `numbers` are aligned to the right.
  explicit TextTableModel(QStringList headers, std::vector<int> numbers = {}, QObject* parent = nullptr);
  void set_headers(QStringList headers);
  void set_rows(std::vector<Row> rows);
  const Row& at(int row) const { return rows_.at(static_cast<size_t>(row)); }
  /// With headers, as CSV has it.
  QString csv() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  QStringList headers_;
  std::vector<int> numbers_;
  std::vector<Row> rows_;
};

/// One row of CSV, with a line end.
QString csv_line(const QStringList& cells);

}  // namespace conclave::ui
