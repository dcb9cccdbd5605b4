/// Which class was taken for which: a heat map of shares, and the counts behind it.
#pragma once

#include "ui/plots/heat_map.h"
#include "ui/plots/plot_export.h"
#include "ui/stream/stream_trace.h"

class QLabel;

namespace conclave::ui {

class ConfusionView : public QWidget {
  Q_OBJECT
 public:
  explicit ConfusionView(QWidget* parent = nullptr);
  /// No classes: says that there is nothing to show.
  void show_counts(ConfusionCounts counts);
  HeatMap& map() { return *map_; }
  Takeaway takeaway() const;

 private:
  ConfusionCounts counts_;
  HeatMap* map_;
  QLabel* hint_;
};

}  // namespace conclave::ui
