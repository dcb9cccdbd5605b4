#include "ui/app/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDateTime>
#include <QLabel>
#include <QPushButton>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimer>
#include <QToolButton>

#include "ui/app/command_strip.h"
#include "ui/app/page_help.h"
#include "ui/app/palette.h"
#include "ui/app/rail.h"
#include "ui/app/session_log.h"
#include "ui/audio/audio_page.h"
#include "ui/compare/compare_page.h"
#include "ui/data/format.h"
#include "ui/home/home_page.h"
#include "ui/queue/queue_page.h"
#include "ui/routing/routing_page.h"
#include "ui/runs/runs_page.h"
#include "ui/settings/settings_page.h"
#include "ui/stream/stream_page.h"
#include "ui/theme/glyphs.h"
#include "ui/theme/theme.h"
#include "ui/ultrasound/ultrasound_page.h"
#include "ui/vqa/vqa_page.h"

namespace conclave::ui {
namespace {
constexpr int kNarrowWindow = 1000;
}  // namespace

MainWindow::MainWindow(const std::filesystem::path& history, const QString& first_page)
    : history_(history),
      rail_(new Rail),
      stack_(new QStackedWidget),
      strip_(new CommandStrip),
      where_(new QLabel(short_path(QString::fromStdString(history.string())))),
      machine_label_(new QLabel(machine_.text())),
      message_(new QLabel),
      running_(new QToolButton) {
  preferences_.setValue(HomePage::kOpened, QDateTime::currentMSecsSinceEpoch());
  setWindowTitle(tr("Conclave"));
  auto* middle = new QHBoxLayout;
  middle->setContentsMargins(0, 0, 0, 0);
  middle->setSpacing(0);
  middle->addWidget(rail_);
  auto* right = new QVBoxLayout;
  right->setSpacing(0);
  right->addWidget(stack_, 1);
  right->addWidget(strip_);
  middle->addLayout(right, 1);
  auto* all = new QVBoxLayout;
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(make_top());
  all->addLayout(middle, 1);
  auto* central = new QWidget;
  central->setLayout(all);
  setCentralWidget(central);
  statusBar()->addWidget(message_, 1);
  statusBar()->addPermanentWidget(running_);
  statusBar()->setSizeGripEnabled(false);
  message_->setObjectName("status.message");
  running_->setObjectName("status.running");
  running_->setToolTip(tr("Go to the queue"));
  running_->setStyleSheet(
      "QToolButton { border-color: transparent; background: transparent; padding: 1px 6px; }");
  connect(running_, &QToolButton::clicked, this, [this] { open_page("queue"); });

  add_page<HomePage>([this](HomePage* home) {
    connect(home, &HomePage::wants_run, this, &MainWindow::open_run);
    connect(home, &HomePage::wants_sample, this, [this](const QString& id) {
      open_page(id);
      current_page()->try_sample();
    });
  });
  add_page<VqaPage>([this](VqaPage* vqa) {
    connect(vqa, &VqaPage::wants_jobs, this, [this](const std::vector<JobSpec>& jobs) {
      static_cast<QueuePage*>(page("queue"))->start_jobs(jobs);
    });
  });
  add_page<AudioPage>();
  add_page<UltrasoundPage>();
  add_page<StreamPage>();
  add_page<RunsPage>([this](RunsPage* runs) {
    connect(runs, &RunsPage::wants_routing, this, [this](int64_t run) {
      static_cast<RoutingPage*>(page("routing"))->show_run(run);
      open_page("routing");
    });
  });
  add_page<ComparePage>();
  add_page<RoutingPage>([this](RoutingPage* routing) {
    connect(routing, &RoutingPage::wants_jobs, this, [this](const std::vector<JobSpec>& jobs) {
      static_cast<QueuePage*>(page("queue"))->start_jobs(jobs);
    });
  });
  add_page<QueuePage>([this](QueuePage* queue) {
    connect(queue, &QueuePage::wants_comparison, this, [this](const std::vector<int64_t>& runs) {
      pins_.set(runs);
      static_cast<ComparePage*>(page("compare"))->show_parallel_axes();
      open_page("compare");
    });
  });
  add_page<SettingsPage>([this](SettingsPage* settings) {
    connect(settings, &SettingsPage::alert_command_changed, &bell_, &AlertBell::set_command);
    connect(settings, &SettingsPage::wants_alert_test, &bell_, &AlertBell::test);
    connect(&bell_, &AlertBell::state_changed, settings, &SettingsPage::show_alert_state);
    settings->show_alert_state(bell_.state());
  });
  palette_ = new CommandPalette(context_, this);
  help_ = new PageHelp(actions_, this);
  connect(palette_, &CommandPalette::run_chosen, this, &MainWindow::open_run);
  add_actions();
  connect(rail_, &Rail::chosen, this, &MainWindow::open_page);
  connect(&history_, &HistoryThread::changed, this, &MainWindow::on_history_changed);
  connect(&history_, &HistoryThread::trouble, this, [this](const QString& text) { say(text, true); });
  connect(&pins_, &Pins::changed, this, [this] {  // also while the page is not made yet
    const size_t count = pins_.runs().size();
    rail_->set_badge("compare", count == 0 ? "" : QString::number(count));
  });
  connect(&pin_memory_, &PinMemory::vanished, this, [this](int runs) {
    say(tr("%n run(s) that were pinned are no longer in this history", "", runs), true);
  });
  connect(&history_, &HistoryThread::opened, this, [this](bool only_looking) {
    const QString path = short_path(QString::fromStdString(history_.path().string()));
    where_->setText(only_looking ? "⚠ " + tr("%1, for looking only").arg(path) : path);
    where_->setToolTip(only_looking ? tr("This history cannot be written: nothing in it can be changed here")
                                    : tr("The history that is shown"));
  });
  connect(&bell_, &AlertBell::failed, this, [this](const QString& text) { say(text, true); });
  bell_.set_command(preferences_.value(SettingsPage::kAlertCommand).toString());

  resize(preferences_.value("window/size", QSize(1280, 800)).toSize());
  open_page(first_page.isEmpty() ? preferences_.value("window/page", "home").toString() : first_page);
  on_history_changed();
  pin_memory_.restore();
  history_.begin();
  if (preferences_.value("queue/work").toBool())  // its page goes on with starting jobs
    QTimer::singleShot(0, this, [this] { page("queue"); });
}

MainWindow::~MainWindow() = default;

QWidget* MainWindow::make_top() {
  auto* top = new QWidget;
  top->setObjectName("top");
  top->setAttribute(Qt::WA_StyledBackground);
  auto* product = new QLabel(tr("Conclave"));
  product->setObjectName("product");
  where_->setObjectName("top.history");
  where_->setToolTip(tr("The history that is shown"));
  auto* find = new QToolButton;
  find->setObjectName("top.find");
  find->setIcon(glyph("search"));
  find->setText(tr("Find a run, a page, an action   Ctrl+K"));
  find->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  connect(find, &QToolButton::clicked, this, [this] { actions_.find("palette")->trigger(); });
  auto* layout = new QHBoxLayout(top);
  layout->setContentsMargins(16, 8, 16, 8);
  layout->setSpacing(16);
  layout->addWidget(product);
  layout->addWidget(where_);
  layout->addStretch(1);
  machine_label_->setObjectName("top.machine");
  machine_label_->setForegroundRole(QPalette::PlaceholderText);
  machine_label_->setToolTip(tr("How busy this machine is"));
  connect(&machine_, &MachineWatch::changed, machine_label_, &QLabel::setText);
  layout->addWidget(machine_label_);
  layout->addWidget(find);
  return top;
}

template <class T>
void MainWindow::add_page(std::function<void(T*)> connected) {
  const PageInfo info = T::info();
  rail_->add(info.id, info.title, info.glyph);
  places_.push_back({info, [connected = std::move(connected)](Context& context) {
                       auto* page = new T(context);
                       if (connected) connected(page);
                       return page;
                     }});
}

Page* MainWindow::made(Place& place) {
  if (place.page) return place.page;
  Page* page = place.page = place.make(context_);
  stack_->addWidget(page);
  connect(page, &Page::command_changed, this, [this, page] {
    if (page == current_page()) strip_->set_command(page->command());
  });
  connect(page, &Page::badge, this,
          [this, page](const QString& text) { rail_->set_badge(page->id(), text); });
  connect(page, &Page::message, this, &MainWindow::say);
  connect(page, &Page::wants_page, this, &MainWindow::open_page);
  return page;
}

void MainWindow::add_actions() {
  actions_.add({"palette", tr("Find a run, a page, an action"), "", QKeySequence("Ctrl+K"), "search"}, this,
               [this] { palette_->open_for(current_page()->id()); });
  actions_.add({"help", tr("Help on this page"), "", QKeySequence("F1")}, this, [this] {
    help_->show_page(current_page()->id(), current_page()->title());
    help_->show();
    help_->raise();
    help_->activateWindow();
  });
  actions_.add({"refresh", tr("Read again"), "", QKeySequence("F5")}, this,
               [this] { current_page()->refresh(); });
  actions_.add({"copy-command", tr("Copy the command line of what is shown"), "",
                QKeySequence("Ctrl+Shift+C"), "copy"},
               this, [this] { strip_->copy(); });
  for (size_t i = 0; i < places_.size(); ++i) {
    const QString key = i < 9 ? QString("Ctrl+%1").arg(i + 1) : QString();
    const PageInfo& info = places_[i].info;
    actions_.add({"page." + info.id, tr("Go to %1").arg(info.title), "", QKeySequence(key), info.glyph}, this,
                 [this, id = info.id] { open_page(id); });
  }
  const std::pair<const char*, Theme> themes[] = {
      {"system", Theme::system}, {"light", Theme::light}, {"dark", Theme::dark}};
  for (const auto& [name, theme] : themes)
    actions_.add({QString("theme.") + name, tr("Colours: %1").arg(tr(name)), "", {}}, this,
                 [this, name = name, theme = theme] {
                   preferences_.setValue("window/theme", name);
                   apply_theme(*qobject_cast<QApplication*>(QCoreApplication::instance()), theme);
                 });
  actions_.add({"quit", tr("Quit"), "", QKeySequence("Ctrl+Q")}, this, [this] { close(); });
}

void MainWindow::open_page(const QString& id) {
  Page* asked = page(id);
  Page* wanted = asked ? asked : made(places_.front());
  stack_->setCurrentWidget(wanted);
  rail_->select(wanted->id());
  strip_->set_command(wanted->command());
  preferences_.setValue("window/page", wanted->id());
  if (help_->isVisible()) help_->show_page(wanted->id(), wanted->title());
  wanted->refresh();
  if (QWidget* focus = wanted->first_focus()) focus->setFocus();
}

Page* MainWindow::current_page() const {
  return static_cast<Page*>(stack_->currentWidget());
}

Page* MainWindow::page(const QString& id) {
  for (Place& place : places_)
    if (place.info.id == id) return made(place);
  return nullptr;
}

QStringList MainWindow::page_ids() const {
  QStringList ids;
  for (const Place& place : places_) ids << place.info.id;
  return ids;
}

void MainWindow::open_run(int64_t run) {
  open_page("runs");
  static_cast<RunsPage*>(current_page())->open_run(run);
}

void MainWindow::open_named_run(const QString& reference) {
  history_.ask(
      this, named_run_, [text = reference.toStdString()](const Store& store) { return store.find(text); },
      [this](const Answer<int64_t>& answer) {
        if (!answer.value) return say(answer.error, true);
        if (current_page()->id() != "routing") return open_run(*answer.value);
        static_cast<RoutingPage*>(current_page())->show_run(*answer.value);
      });
}

void MainWindow::pin_named_runs(const QStringList& references) {
  history_.ask(
      this, pinned_,
      [references](const Store& store) {
        std::vector<int64_t> runs;
        for (const QString& reference : references) runs.push_back(store.find(reference.toStdString()));
        return runs;
      },
      [this](const Answer<std::vector<int64_t>>& answer) {
        if (!answer.value) return say(answer.error, true);
        pin_memory_.begin_anew();
        pins_.set(*answer.value);
      });
}

void MainWindow::on_history_changed() {
  current_page()->refresh();
  history_.ask(
      this, running_question_,
      [](const Store& store) {
        RunFilter filter;
        filter.status = "running";
        return std::pair(store.count(filter), Queue(store).counts());
      },
      [this](const Answer<std::pair<int64_t, Queue::Counts>>& answer) {
        const auto [runs, jobs] = answer.value.value_or(std::pair<int64_t, Queue::Counts>());
        QStringList parts;
        if (runs > 0) parts << tr("%n run(s) running", "", static_cast<int>(runs));
        if (jobs.running > 0) parts << tr("%n job(s) running", "", static_cast<int>(jobs.running));
        if (jobs.waiting > 0) parts << tr("%n job(s) waiting", "", static_cast<int>(jobs.waiting));
        running_->setText(parts.isEmpty() ? tr("nothing is running") : parts.join("  ·  "));
      });
}

void MainWindow::say(const QString& text, bool error) {
  message_->setText(error && !text.isEmpty() ? "⚠ " + text : text);
  message_->setToolTip(text);
  if (!text.isEmpty()) note((error ? "error: " : "") + text);
}

void MainWindow::resizeEvent(QResizeEvent* event) {
  QMainWindow::resizeEvent(event);
  rail_->set_collapsed(width() < kNarrowWindow);
  machine_label_->setVisible(width() >= kNarrowWindow);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  preferences_.setValue("window/size", size());
  preferences_.setValue(HomePage::kClosed, QDateTime::currentMSecsSinceEpoch());
  QMainWindow::closeEvent(event);
}

}  // namespace conclave::ui
