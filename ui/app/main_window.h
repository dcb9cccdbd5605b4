/// The window: rail, pages, command line, status.
#pragma once

#include <QMainWindow>
#include <filesystem>

#include "ui/app/action_registry.h"
#include "ui/app/alert_bell.h"
#include "ui/app/page.h"
#include "ui/app/preferences.h"
#include "ui/compare/pin_memory.h"
#include "ui/data/history_thread.h"
#include "ui/data/machine_state.h"

class QLabel;
class QToolButton;
class QStackedWidget;

namespace conclave::ui {

class CommandPalette;
class CommandStrip;
class PageHelp;
class Rail;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  /// Opens where it was left unless `first_page` names a page.
  explicit MainWindow(const std::filesystem::path& history, const QString& first_page = {});
  ~MainWindow() override;

  void open_page(const QString& id);
  Page* current_page() const;
  /// Null when there is none of that name; made now when it has not been yet.
  Page* page(const QString& id);
  /// What pages there are, from above to below.
  QStringList page_ids() const;
  ActionRegistry& actions() { return actions_; }
  HistoryThread& history() { return history_; }
  /// Shows one run, wherever the window is.
  void open_run(int64_t run);
  /// Pins these runs to Compare and no others, each named by its number, name, the beginning of its id, or
  /// "last".
  void pin_named_runs(const QStringList& references);
  /// The same by number, name, the beginning of its id, or "last".
  void open_named_run(const QString& reference);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void closeEvent(QCloseEvent* event) override;

 private:
  /// One of the pages; made at its first visit, so that the window need not wait for all of them.
  struct Place {
    PageInfo info;
    std::function<Page*(Context&)> make;
    Page* page = nullptr;
  };
  template <class T>
  void add_page(std::function<void(T*)> connected = {});
  Page* made(Place& place);
  void add_actions();
  void on_history_changed();
  void say(const QString& text, bool error);
  QWidget* make_top();

  ActionRegistry actions_;
  Preferences preferences_;
  HistoryThread history_;
  AlertBell bell_{history_};
  MachineWatch machine_;
  Pins pins_;
  PinMemory pin_memory_{history_, preferences_, pins_};
  Context context_{history_, preferences_, actions_, pins_};
  std::vector<Place> places_;
  Rail* rail_;
  QStackedWidget* stack_;
  CommandStrip* strip_;
  QLabel *where_, *machine_label_, *message_;
  QToolButton* running_;
  CommandPalette* palette_;
  PageHelp* help_;
  Question running_question_, named_run_, pinned_;
};

}  // namespace conclave::ui
