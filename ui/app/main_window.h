/// The window: rail, pages, command line, status.
#pragma once

#include <QMainWindow>
#include <filesystem>

#include "ui/app/action_registry.h"
#include "ui/app/page.h"
#include "ui/app/preferences.h"
#include "ui/compare/pins.h"
#include "ui/data/history_thread.h"

class QLabel;
class QStackedWidget;

namespace conclave::ui {

class CommandPalette;
class CommandStrip;
class Rail;
class RunsPage;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(const std::filesystem::path& history);
  ~MainWindow() override;

  void open_page(const QString& id);
  Page* current_page() const;
  Page* page(const QString& id) const;
  const std::vector<Page*>& pages() const { return pages_; }
  ActionRegistry& actions() { return actions_; }
  HistoryThread& history() { return history_; }
  /// Shows one run, wherever the window is.
  void open_run(int64_t run);
  /// The same by number, name, the beginning of its id, or "last".
  void open_named_run(const QString& reference);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void closeEvent(QCloseEvent* event) override;

 private:
  void add_page(Page* page);
  void add_actions();
  void on_history_changed();
  void say(const QString& text, bool error);
  QWidget* make_top();

  ActionRegistry actions_;
  Preferences preferences_;
  HistoryThread history_;
  Pins pins_;
  Context context_{history_, preferences_, actions_, pins_};
  std::vector<Page*> pages_;
  Rail* rail_;
  QStackedWidget* stack_;
  CommandStrip* strip_;
  QLabel *where_, *message_, *running_;
  CommandPalette* palette_;
  RunsPage* runs_;
  Question running_question_, named_run_;
};

}  // namespace conclave::ui
