/// Answers to many questions, as a table that fills.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <vector>

#include "ui/vqa/answer.h"

namespace conclave::ui {

class BatchModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { id, pictures, question, answer, confidence, expected, note, kColumns };
  static constexpr size_t kMost = 200'000;  ///< rows

  using QAbstractTableModel::QAbstractTableModel;
  void clear();
  /// Rows are added together: thousands a second may come.
  void add(std::vector<VqaAnswer> answers);
  const VqaAnswer& at(int row) const { return rows_.at(static_cast<size_t>(row)); }
  int errors() const { return errors_; }
  /// Of those with an expected answer; the second is how many they are.
  std::pair<int, int> right() const { return {right_, expected_}; }
  /// With headers, every row, every column.
  QString csv() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  static constexpr int kSortRole = Qt::UserRole;

 private:
  QString text_of(const VqaAnswer& answer, int column) const;
  std::vector<VqaAnswer> rows_;
  int errors_ = 0, right_ = 0, expected_ = 0;
};

/// Whether the answer is one of the expected ones, capitals and blanks around it aside; false without any.
bool is_right(const VqaAnswer& answer);

/// Rows with all of the words, of one kind.
class BatchFilter : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  enum Kind { all, failed, unsure, wrong };
  static constexpr double kUnsure = 0.6;  ///< answers that are less probable
  using QSortFilterProxyModel::QSortFilterProxyModel;
  void set_words(const QString& words);
  void set_kind(Kind kind);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  QStringList words_;
  Kind kind_ = all;
};

}  // namespace conclave::ui
