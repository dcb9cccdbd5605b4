/// Progress of a long operation, on stderr: a bar with rate and time left when it is a terminal, else a line
/// now and then. Nothing is shown in the first half second, or with --quiet.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace conclave {

/// Thread-safe. The bar goes away with the object; a line stays where a bar was shown.
class Progress {
 public:
  /// `total` 0 means unknown. `unit` is the plural of what is counted: "steps", "questions".
  explicit Progress(std::string label, int64_t total = 0, std::string unit = "");
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t n = 1) { set(done_.fetch_add(n, std::memory_order_relaxed) + n, false); }
  /// Jumps to `done`, for example to where a resumed run begins; the jump does not count in the rate.
  void start_at(int64_t done);
  /// Free words behind the bar: "loss 0.41".
  void note(std::string text);

 private:
  using Clock = std::chrono::steady_clock;
  void set(int64_t done, bool last);
  std::string text(int64_t done, double seconds) const;

  const std::string label_, unit_;
  const int64_t total_;
  const Clock::time_point begin_ = Clock::now();
  std::atomic<int64_t> done_{0};
  std::atomic<int64_t> next_ms_;  // time since begin_ at which something is shown again
  std::mutex lock_;               // guards what follows
  std::string note_;
  int64_t first_ = 0;
  bool shown_ = false;
};

/// "vqa train  1200/4000 steps (30%)  12.5/s  3 min 44 s left"; the rate counts from `first`.
std::string progress_text(std::string_view label, int64_t done, int64_t first, int64_t total,
                          std::string_view unit, double seconds);

/// "850 ms", "12.3 s", "3 min 44 s", "2 h 05 min", "3 d 4 h".
std::string duration_text(double seconds);

}  // namespace conclave
