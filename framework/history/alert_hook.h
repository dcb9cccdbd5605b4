/// A command of the user's that is told of alerts.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// Runs the command once for each alert with the alert's JSON as a line on its stdin, without a shell, on a
/// thread of its own: never two at a time, each stopped after `patience`.
class AlertHook {
 public:
  static constexpr std::chrono::seconds kPatience{30};
  static constexpr size_t kMostWaiting = 100;  ///< what comes while so many wait is left out, and said
  /// Called on the thread after each call; empty when all went well, else one sentence.
  using Told = std::function<void(const std::string& problem)>;

  /// `words`: a program (a path, or a name on $PATH) and its arguments.
  AlertHook(std::vector<std::string> words, Told told, std::chrono::milliseconds patience = kPatience);
  /// Stops the command that runs and forgets those that wait.
  ~AlertHook();
  AlertHook(const AlertHook&) = delete;
  AlertHook& operator=(const AlertHook&) = delete;

  void call(const Json& alert);
  /// Waits until all are told, or `give_up` becomes true.
  void finish(const std::function<bool()>& give_up);

 private:
  void work();
  const std::vector<std::string> words_;
  const Told told_;
  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  bool busy_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace conclave
