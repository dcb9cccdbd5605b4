#include "ui/ultrasound/reader_table.h"

#include <QFont>
#include <QSet>

namespace conclave::ui {

void ReaderTableModel::set(const Lexicon& lexicon, const QString& organ, const QString& mine,
                           const std::vector<Annotation>& readers) {
  beginResetModel();
  fields_.clear();
  names_.clear();
  columns_.clear();
  my_column_ = 0;
  for (const auto& field : lexicon.fields)
    if (field.organ == organ) fields_.push_back(field);
  for (const Annotation& reader : readers) {
    if (reader.organ != organ) continue;
    if (reader.reader == mine) my_column_ = static_cast<int>(columns_.size());
    names_ << reader.reader;
    columns_.push_back(reader.fields);
  }
  if (!names_.contains(mine)) {
    my_column_ = static_cast<int>(columns_.size());
    names_ << (mine.isEmpty() ? tr("you") : mine);
    columns_.emplace_back();
  }
  endResetModel();
}

void ReaderTableModel::set_mine(const QMap<QString, QString>& fields) {
  beginResetModel();
  columns_[static_cast<size_t>(my_column_)] = fields;
  endResetModel();
}

bool ReaderTableModel::differs(const QString& field) const {
  QSet<QString> given;
  for (const auto& column : columns_)
    if (const QString value = column.value(field); !value.isEmpty()) given << value;
  return given.size() > 1;
}

QStringList ReaderTableModel::differing() const {
  QStringList all;
  for (const auto& field : fields_)
    if (differs(field.name)) all << field.name;
  return all;
}

QStringList ReaderTableModel::decisions() const {
  QStringList all;
  for (auto decision = decided_.begin(); decision != decided_.end(); ++decision)
    if (!decision.value().isEmpty()) all << QString("0.%1=%2").arg(decision.key(), decision.value());
  return all;
}

int ReaderTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(fields_.size());
}

int ReaderTableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : readers() + 2;
}

QVariant ReaderTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const QString& field = fields_.at(static_cast<size_t>(index.row())).name;
  if (role == Qt::FontRole && differs(field)) {
    QFont font;
    font.setBold(true);
    return font;
  }
  if (role == Qt::ToolTipRole && differs(field)) return tr("The readers differ");
  if (role != Qt::DisplayRole && role != Qt::EditRole) return {};
  QString text = index.column() == 0 ? field
                 : is_decision(index.column())
                     ? decided_.value(field)
                     : columns_[static_cast<size_t>(index.column() - 1)].value(field);
  return role == Qt::EditRole ? text : text.replace('_', ' ');
}

bool ReaderTableModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!index.isValid() || role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable)) return false;
  const QString& field = fields_.at(static_cast<size_t>(index.row())).name;
  auto& column = is_decision(index.column()) ? decided_ : columns_[static_cast<size_t>(my_column_)];
  if (value.toString().isEmpty())
    column.remove(field);
  else
    column[field] = value.toString();
  Q_EMIT dataChanged(this->index(index.row(), 0), this->index(index.row(), columnCount() - 1));
  return true;
}

Qt::ItemFlags ReaderTableModel::flags(const QModelIndex& index) const {
  const auto usual = QAbstractTableModel::flags(index);
  const bool editable = index.column() == my_column_ + 1 || is_decision(index.column());
  return editable ? usual | Qt::ItemIsEditable : usual;
}

QVariant ReaderTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == 0 ? tr("Field") : is_decision(section) ? tr("Decision") : names_.value(section - 1);
}

}  // namespace conclave::ui
