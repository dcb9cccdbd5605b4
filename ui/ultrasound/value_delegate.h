/// Values of a field are chosen out of the lexicon; where it has none they are typed.
#pragma once

#include <QComboBox>
#include <QStyledItemDelegate>
#include <functional>

namespace conclave::ui {

class ValueDelegate : public QStyledItemDelegate {
 public:
  using Values = std::function<QStringList(int row)>;
  ValueDelegate(Values values, QObject* parent) : QStyledItemDelegate(parent), values_(std::move(values)) {}
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option,
                        const QModelIndex& index) const override {
    const QStringList values = values_(index.row());
    if (values.isEmpty()) return QStyledItemDelegate::createEditor(parent, option, index);
    auto* box = new QComboBox(parent);
    box->addItem("");  // open
    box->addItems(values);
    return box;
  }
  void setEditorData(QWidget* editor, const QModelIndex& index) const override {
    if (auto* box = qobject_cast<QComboBox*>(editor))
      box->setCurrentText(index.data(Qt::EditRole).toString());
    else
      QStyledItemDelegate::setEditorData(editor, index);
  }
  void setModelData(QWidget* editor, QAbstractItemModel* model, const QModelIndex& index) const override {
    if (auto* box = qobject_cast<QComboBox*>(editor))
      model->setData(index, box->currentText(), Qt::EditRole);
    else
      QStyledItemDelegate::setModelData(editor, model, index);
  }

 private:
  Values values_;
};

}  // namespace conclave::ui
