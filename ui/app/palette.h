/// Ctrl+K: finds pages, actions and runs by a few letters.
#pragma once

#include <QAbstractListModel>
#include <QDialog>

#include "ui/app/page.h"

class QLineEdit;
class QListView;

namespace conclave::ui {

/// What the palette lists.
class PaletteModel : public QAbstractListModel {
  Q_OBJECT
 public:
  struct Item {
    QString text, detail, key;
    std::function<void()> what;
  };
  using QAbstractListModel::QAbstractListModel;
  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  void set_items(std::vector<Item> items);
  void append(std::vector<Item> items);
  const Item& at(int row) const { return items_.at(static_cast<size_t>(row)); }

 private:
  std::vector<Item> items_;
};

/// How well the letters of `wanted` are found in `text` in their order; negative when they are not.
int match_score(const QString& wanted, const QString& text);

class CommandPalette : public QDialog {
  Q_OBJECT
 public:
  CommandPalette(Context& context, QWidget* parent);
  /// Shows it; actions of pages other than `page` are left out.
  void open_for(const QString& page);

 Q_SIGNALS:
  void run_chosen(qint64 run);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void fill();
  void choose();
  Context& context_;
  QString page_;
  QLineEdit* edit_;
  QListView* list_;
  PaletteModel model_;
  Question runs_;
};

}  // namespace conclave::ui
