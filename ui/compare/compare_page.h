/// Pinned runs side by side: curves over each other, parameters that differ, metrics with differences.
#pragma once

#include <QElapsedTimer>

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"

class QHBoxLayout;
class QLabel;
class QStackedWidget;
class QTabWidget;
class QTimer;

namespace conclave::ui {

class CurvePanel;
class ParallelPlot;
class ScatterPlot;

class ComparePage : public Page {
  Q_OBJECT
 public:
  explicit ComparePage(Context& context);
  static PageInfo info();
  /// Numbers of the runs as lines over parallel axes, in front of the tables.
  void show_parallel_axes();
  /// The table or plot of the tab that is seen.
  Takeaway takeaway() const;
  void refresh() override;
  bool settled() const override;
  /// Differences are to this run from here on.
  void set_baseline(int64_t run);
  const TextTableModel& parameters() const { return parameters_; }
  const TextTableModel& metrics() const { return metrics_; }
  const CurvePanel& curves() const { return *curves_; }

 private:
  void build();
  void read();
  void fill();
  void fill_chips();

  Question question_;
  bool busy_ = false, again_ = false;
  std::vector<int64_t> asked_;
  std::vector<RunDetail> runs_;
  int64_t baseline_ = 0;
  QTimer* later_;
  QElapsedTimer since_read_;
  qint64 reading_ms_ = 0;
  QStringList headers_, chips_shown_;
  TextTableModel parameters_, metrics_;
  QStackedWidget* stack_;
  QHBoxLayout* chips_;
  CurvePanel* curves_;
  QTabWidget* tabs_;
  ParallelPlot* parallel_;
  ScatterPlot* scatter_;
};

}  // namespace conclave::ui
