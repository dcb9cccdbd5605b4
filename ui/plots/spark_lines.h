/// Small curves in the cells of a table: read for the cells that are seen, and kept.
#pragma once

#include <QCache>
#include <QMetaType>
#include <QSet>
#include <QStyledItemDelegate>
#include <QTableView>

#include "ui/data/history_thread.h"

namespace conclave::ui {

/// What a model says of a cell under kSparkRole.
struct SparkSource {
  int64_t run = 0;
  QString metric;
  int64_t points = 0;  ///< a curve that has grown is read again
};
constexpr int kSparkRole = Qt::UserRole + 21;

/// Draws the cells of `table`, and the curve of those that have one beside their number.
class SparkLines : public QStyledItemDelegate {
  Q_OBJECT
 public:
  SparkLines(HistoryThread& history, QTableView& table);
  bool settled() const { return !busy_ && wanted_.isEmpty(); }
  /// Curves that were read so far.
  qsizetype kept() const { return lines_.size(); }

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

 private:
  using Key = std::pair<qint64, QString>;
  struct Line {
    std::vector<double> values;
    int64_t points = 0;
  };
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;
  void want(const SparkSource& source) const;
  void read();

  HistoryThread& history_;
  QTableView& table_;
  Question question_;
  bool busy_ = false;
  // Painting tells what is wanted.
  mutable QCache<Key, Line> lines_;
  mutable QHash<Key, int64_t> wanted_;
};

}  // namespace conclave::ui

Q_DECLARE_METATYPE(conclave::ui::SparkSource)
