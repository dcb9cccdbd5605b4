#include "framework/history/alert_hook.h"

#include <fmt/format.h>

#include <utility>

#include "framework/base/child_process.h"
#include "framework/base/error.h"

namespace conclave {

AlertHook::AlertHook(std::vector<std::string> words, Told told, std::chrono::milliseconds patience)
    : words_(std::move(words)), told_(std::move(told)), patience_(patience) {
  require<UsageError>(!words_.empty() && !words_[0].empty(), "the command for alerts is empty");
  thread_ = std::thread([this] { work(); });
}

AlertHook::~AlertHook() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void AlertHook::call(const Json& alert) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < kMostWaiting) {
      waiting_.push_back(alert.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
      changed_.notify_all();
      return;
    }
  }
  told_(fmt::format("{} alerts wait for {}: one more is left out", kMostWaiting, words_[0]));
}

void AlertHook::finish(const std::function<bool()>& give_up) {
  constexpr std::chrono::milliseconds kLook{50};
  std::unique_lock lock(mutex_);
  while ((busy_ || !waiting_.empty()) && !give_up()) changed_.wait_for(lock, kLook);
}

void AlertHook::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (stop_) return;
    const std::string alert = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    const std::string problem = feed_child(words_, alert, patience_, stop_);
    if (!stop_) told_(problem);
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace conclave
