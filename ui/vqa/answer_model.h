/// Questions and their answers, as a conversation.
#pragma once

#include <QAbstractListModel>
#include <QStyledItemDelegate>
#include <vector>

#include "ui/vqa/token_routing.h"

namespace conclave::ui {

/// One question: asked, answered, or gone wrong.
struct Exchange {
  VqaAnswer answer;
  bool waiting = true;
  QStringList pictures;
  std::vector<PatchRouting> patches;  ///< by site; may be empty
  std::vector<RoutedToken> words;     ///< of question and answer, at every site; may be empty
};

class AnswerModel : public QAbstractListModel {
  Q_OBJECT
 public:
  using QAbstractListModel::QAbstractListModel;
  static constexpr size_t kMost = 500;  ///< older ones are forgotten; the history has them

  void add(Exchange exchange);
  /// The latest one.
  void update_last(const std::function<void(Exchange&)>& change);
  const Exchange& at(int row) const { return exchanges_.at(static_cast<size_t>(row)); }
  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;

 private:
  std::vector<Exchange> exchanges_;
};

/// Question, answer with a bar for its probability, and the other candidates.
class AnswerDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
};

}  // namespace conclave::ui
