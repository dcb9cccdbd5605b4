/// Where tokens went: layers by experts for each modality, step by step, of one run or one minus another.
#pragma once

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"
#include "ui/plots/heat_map.h"
#include "ui/routing/ablation.h"
#include "ui/routing/routing_matrix.h"

class QComboBox;
class QLabel;
class QSlider;
class QStackedWidget;
class QTabWidget;
class QTableView;
class QTimer;

namespace conclave::ui {

class CurvePlot;
class ExpertCurve;
class ProbeView;

class RoutingPage : public Page {
  Q_OBJECT
 public:
  explicit RoutingPage(Context& context);
  static PageInfo info();
  void refresh() override;
  bool settled() const override;
  QWidget* first_focus() override;
  /// Words and patches, where they are shown: the probe set is asked.
  void try_sample() override;
  /// 0: the newest run that recorded routing.
  void show_run(int64_t run);
  /// Shows the shown run minus `run`; 0: the run alone.
  void subtract_run(int64_t run);
  HeatMap& map() const { return *map_; }
  const TextTableModel& balance() const { return balance_; }
  const TextTableModel& ablations() const { return ablations_; }
  ProbeView& probes() const { return *probes_; }
  CurvePlot& loss_curve() const { return *loss_; }
  /// The chosen expert, step by step.
  ExpertCurve& expert_curve() const { return *expert_; }
  /// What is seen.
  Takeaway takeaway() const;

 Q_SIGNALS:
  /// Jobs to be queued and started.
  void wants_jobs(const std::vector<JobSpec>& jobs);

 private:
  /// What one answer holds.
  struct Shown {
    RunDetail run;
    std::optional<RunDetail> evaluation;  ///< which tells what an expert is worth
    QString no_evaluation;                ///< why there is none
    std::vector<Ablation> ablations;
    std::vector<std::string> splits;
    std::string split, loss;
    std::vector<int64_t> steps;
    int64_t step = 0;
    std::vector<RoutingRow> rows, other_rows;
    int64_t other_step = 0;
  };
  static Shown read(const Store& store, int64_t run, int64_t other, const std::string& split,
                    std::optional<int64_t> step);
  void add_map_actions();
  void add_probe_actions();
  bool shows_probes() const;
  void on_tab();
  void build();
  QWidget* make_controls();
  void fill(Shown shown);
  void draw();
  void fill_others();
  QWidget* make_side();
  RoutingMeasure measure() const;
  void show_chosen();
  void show_course();
  void show_ablations();
  void ablate(bool whole_layer);

  Question question_;
  bool busy_ = false, again_ = false, filling_ = false;
  int64_t run_ = 0, other_ = 0;
  std::optional<int64_t> step_;  ///< none: the last one
  Shown shown_;
  TextTableModel balance_, ablations_;
  bool probed_ = false;
  Question probed_question_;
  QStringList map_command_;
  QTabWidget* tabs_;
  ProbeView* probes_;
  QStackedWidget* stack_;
  QLabel *what_, *empty_, *chosen_;
  QTableView* ablations_view_;
  QComboBox *split_, *measure_, *minus_;
  HeatMap* map_;
  CurvePlot* loss_;
  ExpertCurve* expert_;
  QSlider* steps_;
  QTimer* play_;
};

}  // namespace conclave::ui
