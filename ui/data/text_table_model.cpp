#include "ui/data/text_table_model.h"

#include <QFont>
#include <algorithm>

namespace conclave::ui {

TextTableModel::TextTableModel(QStringList headers, std::vector<int> numbers, QObject* parent)
    : QAbstractTableModel(parent), headers_(std::move(headers)), numbers_(std::move(numbers)) {}

void TextTableModel::set_headers(QStringList headers) {
  beginResetModel();
  headers_ = std::move(headers);
  rows_.clear();
  endResetModel();
}

void TextTableModel::set_rows(std::vector<Row> rows) {
  if (rows.size() == rows_.size()) {  // keeps selection and place
    rows_ = std::move(rows);
    if (!rows_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    return;
  }
  beginResetModel();
  rows_ = std::move(rows);
  endResetModel();
}

QString csv_line(const QStringList& cells) {
  QStringList quoted;
  for (QString cell : cells) {
    if (cell.contains(',') || cell.contains('"') || cell.contains('\n'))
      cell = '"' + cell.replace("\"", "\"\"") + '"';
    quoted << cell;
  }
  return quoted.join(',') + "\n";
}

QString TextTableModel::csv() const {
  QString text = csv_line(headers_);
  for (const Row& row : rows_) text += csv_line(row.cells);
  return text;
}

int TextTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int TextTableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(headers_.size());
}

QVariant TextTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Row& row = at(index.row());
  switch (role) {
    case Qt::DisplayRole:
      return row.cells.value(index.column());
    case Qt::ToolTipRole:
      return row.cells.value(index.column()).left(2000);
    case Qt::TextAlignmentRole:
      if (std::count(numbers_.begin(), numbers_.end(), index.column()))
        return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
      return {};
    case Qt::FontRole:
      if (row.marked) {
        QFont font;
        font.setBold(true);
        return font;
      }
      return {};
    default:
      return {};
  }
}

QVariant TextTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole && std::count(numbers_.begin(), numbers_.end(), section))
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  return headers_.value(section);
}

}  // namespace conclave::ui
