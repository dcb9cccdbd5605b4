/// The tree of one expert, as conclave-stream tells it.
#pragma once

#include <QWidget>

#include "framework/base/json.h"

class QComboBox;
class QLabel;
class QTreeWidget;

namespace conclave::ui {

class TreePanel : public QWidget {
  Q_OBJECT
 public:
  explicit TreePanel(QWidget* parent = nullptr);
  /// "trees" of a record, as they stood after `rows`; an empty list clears.
  void show_trees(Json trees, int64_t rows);
  /// False when this expert has none.
  bool choose_expert(int64_t expert);

 Q_SIGNALS:
  /// They are wanted as they stand now.
  void wanted();

 private:
  void fill();
  Json trees_ = Json::array();
  QComboBox* which_;
  QLabel* hint_;
  QTreeWidget* tree_;
};

}  // namespace conclave::ui
