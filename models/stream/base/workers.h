/// A few threads that share work which is independent by construction, so that their number changes nothing.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace conclave::stream {

class Workers {
 public:
  /// `threads` in all, the caller's included.
  explicit Workers(int threads = 1);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  int threads() const { return static_cast<int>(others_.size()) + 1; }
  /// Calls job(0) ... job(n - 1), each once, and returns when all are done. The job throws nothing.
  void run(int n, const std::function<void(int)>& job);

 private:
  void work();
  std::mutex lock_;
  std::condition_variable begin_, end_;
  const std::function<void(int)>* job_ = nullptr;
  int next_ = 0, jobs_ = 0, busy_ = 0;
  bool stop_ = false;
  std::vector<std::thread> others_;
};

}  // namespace conclave::stream
