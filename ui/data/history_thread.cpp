#include "ui/data/history_thread.h"

#include <QElapsedTimer>
#include <QTimer>

#include "framework/base/error.h"

namespace conclave::ui {
namespace {
constexpr int kPollMs = 250;
constexpr int kSweepEvery = 40;  // polls
constexpr int kOpenEvery = 4;    // polls, while there is no history or none that can be written
}  // namespace

/// Lives on the thread, and with it the connection.
class HistoryThread::Worker : public QObject {
 public:
  Worker(HistoryThread* owner, std::filesystem::path path) : owner_(owner), path_(std::move(path)) {}

  void begin() {
    open();
    auto* timer = new QTimer(this);
    connect(timer, &QTimer::timeout, this, [this] { poll(); });
    timer->start(kPollMs);
  }
  const Store& reading() {
    if (!store_) open();
    require(store_.has_value(), "{}",
            error_.empty() ? "there is no history yet: nothing has been run" : error_);
    return *store_;
  }
  Store& writing() {
    if (!store_) open();
    if (!store_ && error_.empty()) {
      store_ = Store::open(path_);
      Q_EMIT owner_->opened(false);
    }
    require(store_.has_value(), "{}", error_);
    require(!store_->read_only(), "{}: can be looked at only", path_.string());
    return *store_;
  }
  void wrote() {
    if (store_) version_ = store_->data_version();
    Q_EMIT owner_->changed();
  }

 private:
  void open() {
    std::string error;
    try {
      store_ = Store::open_existing(path_);
      if (store_) {
        version_ = store_->data_version();
        Q_EMIT owner_->opened(store_->read_only());
      }
    } catch (const std::exception& e) {
      error = e.what();
    }
    if (error != error_) {
      error_ = error;
      Q_EMIT owner_->trouble(QString::fromStdString(error_));
    }
  }
  // There may be room again, or the right to write.
  void open_for_writing() {
    try {
      store_ = Store::open(path_, 0);
    } catch (const std::exception&) {
      return;  // as before
    }
    version_ = store_->data_version();
    Q_EMIT owner_->opened(false);
    Q_EMIT owner_->changed();
  }
  void poll() {
    ++polls_;
    if (!store_) {
      if (polls_ % kOpenEvery != 0) return;
      open();
      if (store_) Q_EMIT owner_->changed();
      return;
    }
    if (store_->read_only() && polls_ % kOpenEvery == 0) open_for_writing();
    try {
      if (polls_ % kSweepEvery == 0 && !store_->read_only() && store_->sweep() > 0) wrote();
      const int64_t version = store_->data_version();
      if (version != version_) {
        version_ = version;
        Q_EMIT owner_->changed();
      }
    } catch (const std::exception& e) {
      if (error_ == e.what()) return;
      error_ = e.what();
      Q_EMIT owner_->trouble(QString::fromStdString(error_));
    }
  }

  HistoryThread* owner_;
  std::filesystem::path path_;
  std::optional<Store> store_;
  std::string error_;
  int64_t version_ = 0;
  int polls_ = 0;
};

HistoryThread::HistoryThread(std::filesystem::path path, QObject* parent)
    : QObject(parent), path_(std::move(path)), worker_(new Worker(this, path_)) {
  worker_->moveToThread(&thread_);
  connect(&thread_, &QThread::finished, worker_, &QObject::deleteLater);
  connect(&thread_, &QThread::started, worker_, [worker = worker_] { worker->begin(); });
  thread_.setObjectName("history");
}

void HistoryThread::begin() {
  thread_.start();
}

HistoryThread::~HistoryThread() {
  thread_.quit();
  thread_.wait();
}

void HistoryThread::post(std::function<void(Worker&)> job) {
  QMetaObject::invokeMethod(
      worker_, [worker = worker_, job = std::move(job)] { job(*worker); }, Qt::QueuedConnection);
}

const Store& HistoryThread::reading(Worker& worker) {
  return worker.reading();
}

void HistoryThread::deliver(QPointer<QObject> context, std::function<void()> done) {
  QMetaObject::invokeMethod(
      this,
      [context, done = std::move(done)] {
        if (context) done();
      },
      Qt::QueuedConnection);
}

void HistoryThread::change(QObject* context, std::function<void(Store&)> work,
                           std::function<void(const QString&)> done) {
  post([this, alive = QPointer<QObject>(context), work = std::move(work),
        done = std::move(done)](Worker& worker) {
    QString error;
    try {
      work(worker.writing());
      worker.wrote();
    } catch (const std::exception& e) {
      error = QString::fromUtf8(e.what());
    }
    if (done) deliver(alive, [done, error] { done(error); });
  });
}

}  // namespace conclave::ui
