/// The history, read and written on a thread of its own, so that the window never waits for it.
#pragma once

#include <QObject>
#include <QPointer>
#include <QThread>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "framework/history/store.h"

namespace conclave::ui {

/// A result, or what went wrong.
template <class T>
struct Answer {
  std::optional<T> value;
  QString error;
};

/// A place that shows one answer at a time: asking again makes every earlier question stale, and an answer to
/// a stale question is dropped, or never worked out.
class Question {
 public:
  const std::shared_ptr<std::atomic<uint64_t>>& newest() const { return newest_; }

 private:
  std::shared_ptr<std::atomic<uint64_t>> newest_ = std::make_shared<std::atomic<uint64_t>>(0);
};

class HistoryThread : public QObject {
  Q_OBJECT
 public:
  explicit HistoryThread(std::filesystem::path path, QObject* parent = nullptr);
  /// Opens the history; what was asked before is answered from here on.
  void begin();
  /// Waits for the work that is under way.
  ~HistoryThread() override;
  const std::filesystem::path& path() const { return path_; }

  /// Calls `work(const Store&)` on the thread and then `done(Answer<T>)` here, unless `context` is gone or
  /// the question stale by then. No history is an error, too.
  template <class Work, class Done>
  void ask(QObject* context, const Question& question, Work work, Done done);
  /// The same for what writes; `done(error)`, which is empty when all went well. Makes a history where there
  /// is none.
  void change(QObject* context, std::function<void(Store&)> work,
              std::function<void(const QString&)> done = {});

 Q_SIGNALS:
  /// Something was written, by us or by others; at most four times a second.
  void changed();
  /// The history cannot be read (text), or can be again (empty).
  void trouble(const QString& text);
  /// It is open; `only_looking`: nothing can be changed in it.
  void opened(bool only_looking);

 private:
  class Worker;
  void post(std::function<void(Worker&)> job);
  /// On the thread; throws when there is none.
  static const Store& reading(Worker& worker);
  void deliver(QPointer<QObject> context, std::function<void()> done);
  std::filesystem::path path_;
  QThread thread_;
  Worker* worker_;
};

template <class Work, class Done>
void HistoryThread::ask(QObject* context, const Question& question, Work work, Done done) {
  using T = std::decay_t<std::invoke_result_t<Work, const Store&>>;
  const auto newest = question.newest();
  const uint64_t mine = ++*newest;
  post([=, this, alive = QPointer<QObject>(context)](Worker& worker) {
    if (*newest != mine) return;
    const auto answer = std::make_shared<Answer<T>>();
    try {
      answer->value = work(reading(worker));
    } catch (const std::exception& e) {
      answer->error = QString::fromUtf8(e.what());
    }
    deliver(alive, [=] {
      if (*newest == mine) done(std::move(*answer));
    });
  });
}

}  // namespace conclave::ui
