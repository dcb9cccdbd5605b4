/// What can be done, what was run last, and what wants attention.
#pragma once

#include "framework/history/alerts.h"
#include "ui/app/page.h"
#include "ui/runs/run_table_model.h"

class QLabel;
class QTableView;
class QVBoxLayout;

namespace conclave::ui {

class SparkLines;

class HomePage : public Page {
  Q_OBJECT
 public:
  explicit HomePage(Context& context);
  static PageInfo info();
  void refresh() override;
  bool settled() const override;
  /// Preferences: when the window was last closed, and when it was opened; in ms since 1970.
  static constexpr const char* kClosed = "window/closed_ms";
  static constexpr const char* kOpened = "window/opened_ms";
  QWidget* first_focus() override;

 Q_SIGNALS:
  void wants_run(int64_t run);
  /// A page is to be shown with its sample.
  void wants_sample(const QString& page);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  struct State {
    std::vector<RunSummary> runs;
    int64_t all = 0, running = 0, failed_lately = 0, bytes = 0, free_bytes = 0;
    std::vector<Alert> alerts;
    // What ended while the window was closed.
    std::vector<RunSummary> ended;  // the newest of them
    int64_t all_ended = 0, ended_badly = 0;
  };
  static State read(const Store& store, int64_t closed_ms, int64_t opened_ms);
  void say_what_ended(const State& state);
  void build();
  QWidget* make_tile(const QString& glyph, const QString& title, QLabel* line, const QString& button,
                     std::function<void()> what);
  void fill(const State& state);
  void set_headlines(const std::vector<RunSummary>& runs);
  int64_t closed_ms_ = 0, opened_ms_ = 0;

  Question question_;
  bool busy_ = false, again_ = false;
  RunTableModel model_;
  QLabel *runs_line_, *attention_, *news_, *storage_;
  QTableView* table_;
  SparkLines* sparks_;
};

}  // namespace conclave::ui
