/// Curves of the chosen metrics of some runs, a plot for each metric, with one cursor for all.
#pragma once

#include <QWidget>
#include <vector>

#include "ui/app/page.h"
#include "ui/plots/curve_plot.h"

class QCheckBox;
class QComboBox;
class QGridLayout;
class QLineEdit;
class QListView;
class QSlider;
class QStandardItemModel;
class QSortFilterProxyModel;

namespace conclave::ui {

class CurvePanel : public QWidget {
  Q_OBJECT
 public:
  explicit CurvePanel(Context& context, QWidget* parent = nullptr);
  /// `metrics`: all that the runs have; which of them are drawn is remembered by name.
  void show_runs(const std::vector<CurveSource>& sources, const std::vector<MetricSummary>& metrics);
  void reload();
  bool settled() const;
  const std::vector<CurvePlot*>& plots() const { return plots_; }

 Q_SIGNALS:
  void message(const QString& text, bool error = false);

 private:
  QWidget* make_tools();
  void choose_export(const QPoint& at);
  void ask_export(CurvePlot& plot);
  void list_metrics(const std::vector<MetricSummary>& metrics);
  void rebuild();
  CurveStyle style() const;

  Context& context_;
  std::vector<CurveSource> sources_;
  std::vector<CurvePlot*> plots_;
  QStringList drawn_;
  QSlider* smoothing_;
  QComboBox* axis_;
  QCheckBox* log_scale_;
  QLineEdit* filter_;
  QStandardItemModel* metrics_;
  QSortFilterProxyModel* found_;
  QListView* list_;
  QGridLayout* grid_;
};

}  // namespace conclave::ui
