/// The fields of a study by reader, with a decision for each.
#pragma once

#include <QAbstractTableModel>

#include "ui/ultrasound/annotation.h"
#include "ui/ultrasound/report_view.h"

namespace conclave::ui {

/// Columns: the field, each reader's value, the decision. Rows that readers differ in are bold. One reader's
/// column can be edited, and the decisions.
class ReaderTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;
  /// `mine`: the reader whose column is edited; it is there even before anything was saved.
  void set(const Lexicon& lexicon, const QString& organ, const QString& mine,
           const std::vector<Annotation>& readers);
  /// Decisions stay until they are forgotten.
  void forget_decisions() { decided_.clear(); }
  void set_mine(const QMap<QString, QString>& fields);
  const QMap<QString, QString>& mine() const { return columns_.at(static_cast<size_t>(my_column_)); }
  /// "0.margin=angular" for each decision.
  QStringList decisions() const;
  int readers() const { return static_cast<int>(names_.size()); }
  QStringList values(int row) const { return fields_.at(static_cast<size_t>(row)).values; }
  /// Fields that two readers gave different values.
  QStringList differing() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  bool differs(const QString& field) const;
  bool is_decision(int column) const { return column == readers() + 1; }

  std::vector<Lexicon::Field> fields_;
  QStringList names_;
  std::vector<QMap<QString, QString>> columns_ = {{}};  ///< of each reader, by field
  QMap<QString, QString> decided_;
  int my_column_ = 0;
};

}  // namespace conclave::ui
