#include "ui/app/alert_bell.h"

#include <QTime>

#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/shell_words.h"

namespace conclave::ui {
namespace {
constexpr int kSoonMs = 2000, kDiskMs = 60000;
}

AlertBell::AlertBell(HistoryThread& history, QObject* parent) : QObject(parent), history_(history) {
  soon_.setSingleShot(true);
  soon_.setInterval(kSoonMs);
  disk_.setInterval(kDiskMs);
  connect(&soon_, &QTimer::timeout, this, &AlertBell::look);
  connect(&disk_, &QTimer::timeout, this, &AlertBell::look);
  connect(&history_, &HistoryThread::changed, this, [this] {
    if (hook_ && !soon_.isActive()) soon_.start();
  });
}

void AlertBell::set_command(const QString& text) {
  if (text.trimmed() == command_) return;
  command_ = text.trimmed();
  hook_.reset();  // stops what still runs
  disk_.stop();
  if (command_.isEmpty()) return set_state({});
  try {
    const auto words = shell_words(command_.toStdString());
    hook_ = std::make_unique<AlertHook>(words, [this](const std::string& problem) {
      QMetaObject::invokeMethod(
          this, [this, text = QString::fromStdString(problem)] { told(text); }, Qt::QueuedConnection);
    });
    set_state(find_program(words[0]).empty()
                  ? "⚠ " + tr("%1 is no program on PATH").arg(QString::fromStdString(words[0]))
                  : tr("waits for the next alert"));
  } catch (const Error& e) {
    return set_state("⚠ " + QString::fromUtf8(e.what()));
  }
  if (!watch_) watch_ = std::make_shared<AlertWatch>();
  disk_.start();
  look();
}

void AlertBell::look() {
  if (busy_ || !hook_) return;
  busy_ = true;
  history_.ask(
      this, question_,
      [watch = watch_](const Store& store) {
        std::vector<Json> fresh;
        for (const Alert& alert : watch->look(store)) fresh.push_back(alert_json(alert, store));
        return fresh;
      },
      [this](const Answer<std::vector<Json>>& answer) {
        busy_ = false;
        if (hook_ && answer.value)
          for (const Json& alert : *answer.value) hook_->call(alert);
      });
}

void AlertBell::test() {
  if (!hook_) return;
  set_state(tr("runs…"));
  hook_->call({{"alert", "test"},
               {"run", 0},
               {"text", tr("a test of the command for alerts").toStdString()},
               {"history", std::filesystem::absolute(history_.path()).string()}});
}

void AlertBell::told(const QString& problem) {
  const QString time = QTime::currentTime().toString("HH:mm:ss");
  set_state(problem.isEmpty() ? tr("%1: ran and ended well").arg(time) : "⚠ " + time + ": " + problem);
  if (!problem.isEmpty()) Q_EMIT failed(tr("The command for alerts: %1").arg(problem));
}

void AlertBell::set_state(const QString& text) {
  state_ = text;
  Q_EMIT state_changed(state_);
}

}  // namespace conclave::ui
