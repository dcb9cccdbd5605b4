#include "models/stream/base/workers.h"

namespace conclave::stream {

Workers::Workers(int threads) {
  for (int i = 1; i < threads; ++i) {
    others_.emplace_back([this] {
      std::unique_lock lock(lock_);
      for (;;) {
        begin_.wait(lock, [this] { return stop_ || (job_ && next_ < jobs_); });
        if (stop_) return;
        lock.unlock();
        work();
        lock.lock();
      }
    });
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(lock_);
    stop_ = true;
  }
  begin_.notify_all();
  for (auto& other : others_) other.join();
}

void Workers::run(int n, const std::function<void(int)>& job) {
  if (others_.empty() || n <= 1) {
    for (int i = 0; i < n; ++i) job(i);
    return;
  }
  {
    const std::lock_guard lock(lock_);
    job_ = &job;
    next_ = 0;
    jobs_ = n;
  }
  begin_.notify_all();
  work();
  std::unique_lock lock(lock_);
  end_.wait(lock, [this] { return busy_ == 0; });
  job_ = nullptr;
}

void Workers::work() {
  std::unique_lock lock(lock_);
  ++busy_;
  while (job_ && next_ < jobs_) {
    const int mine = next_++;
    lock.unlock();
    (*job_)(mine);
    lock.lock();
  }
  if (--busy_ == 0) end_.notify_all();
}

}  // namespace conclave::stream
