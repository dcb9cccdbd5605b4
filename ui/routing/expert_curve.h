/// What one expert got at every step, on the step axis of the loss.
#pragma once

#include <QWidget>
#include <string>
#include <vector>

#include "ui/data/history_thread.h"
#include "ui/plots/plot_export.h"
#include "ui/routing/routing_matrix.h"

namespace conclave::ui {

class CurvePlot;

/// Hidden as long as it has nothing to show.
class ExpertCurve : public QWidget {
  Q_OBJECT
 public:
  struct Chosen {
    std::string split, site, modality;
    int expert = 0;
    std::vector<int64_t> runs;  ///< each has curves of its own
    RoutingMeasure measure = RoutingMeasure::both;
    int64_t last_step = 0;  ///< the curves are read anew when it has grown
    bool operator==(const Chosen&) const = default;
  };
  /// Goes along with `loss`: the same steps are seen and the same step is marked.
  ExpertCurve(HistoryThread& history, CurvePlot& loss, QWidget* parent = nullptr);
  void show_expert(const Chosen& chosen);
  void forget();
  bool settled() const { return !busy_; }
  CurvePlot& plot() const { return *plot_; }
  /// The loss above the curves; as CSV run, split, layer, modality, expert, measure, step, value.
  Takeaway takeaway() const;
  QString csv() const { return csv_; }

 private:
  using Rows = std::vector<std::vector<RoutingRow>>;
  void fill(const Rows& rows);
  void follow_loss();

  HistoryThread& history_;
  Question question_;
  CurvePlot *loss_, *plot_;
  Chosen chosen_;
  QString csv_, title_;  ///< title_: rich text
  bool busy_ = false;
};

}  // namespace conclave::ui
