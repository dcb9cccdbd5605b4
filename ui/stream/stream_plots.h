/// A run over a stream as pictures: how well it does, what happened when, and whom the router believes.
#pragma once

#include <QWidget>

#include "ui/plots/plot_export.h"
#include "ui/stream/stream_trace.h"

class QCustomPlot;
class QCPGraph;
class QCPItemStraightLine;

namespace conclave::ui {

class StreamPlots : public QWidget {
  Q_OBJECT
 public:
  explicit StreamPlots(QWidget* parent = nullptr);
  void show_trace(const StreamTrace& trace, bool kappa);
  QCustomPlot* score_plot() const { return score_; }
  QCustomPlot* weight_plot() const { return weights_; }
  /// Both, and their numbers.
  Takeaway takeaway(const StreamTrace& trace) const;
  static QString csv(const StreamTrace& trace);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void color();
  void show_score(const StreamTrace& trace, bool kappa);
  void show_weights(const StreamTrace& trace);
  void show_events(const StreamTrace& trace);

  QCustomPlot *score_, *weights_;
  QCPGraph *overall_, *window_, *kappa_, *flags_;
  std::vector<QCPGraph*> layers_;  // stacked, the last expert on top
};

}  // namespace conclave::ui
