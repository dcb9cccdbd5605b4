/// Order and widths of a table's columns, which people drag and which are there again the next time.
#pragma once

#include <QHash>
#include <QObject>
#include <QStringList>
#include <QTableView>

namespace conclave::ui {

class Preferences;

/// What headerData says under this role is what a column is remembered by.
constexpr int kColumnKey = Qt::UserRole + 20;

class ColumnLayout : public QObject {
  Q_OBJECT
 public:
  /// `table` has its model already; `place` is the group of the preferences. `widths` are those of columns
  /// that nobody dragged, from the first on.
  ColumnLayout(QTableView& table, Preferences& preferences, const QString& place, std::vector<int> widths);
  /// Columns as they were before anybody dragged one.
  void forget();

 private:
  QString key_of(int section) const;
  int width_of(int section) const;
  void apply();
  void keep_order();
  void keep_width(int section, int width);

  QTableView& table_;
  Preferences& preferences_;
  QString place_;
  std::vector<int> widths_;
  QStringList order_;
  QHash<QString, int> dragged_;
  bool applying_ = false;
};

}  // namespace conclave::ui
