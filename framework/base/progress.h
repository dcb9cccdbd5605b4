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

/// How a rate is told: "1.1/s" or "0.9 s each". Chosen by the first rate that is shown, and then kept.
enum class RateUnit : uint8_t { open, per_second, seconds_each };

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
  /// Free words, two blanks between them: "loss 0.41  rate 1e-3". On a terminal that is too narrow the last
  /// ones are left out.
  void note(std::string text);

 private:
  using Clock = std::chrono::steady_clock;
  void set(int64_t done, bool last);
  std::string text(int64_t done, double seconds, size_t room);

  const std::string label_, unit_;
  const int64_t total_;
  const Clock::time_point begin_ = Clock::now();
  std::atomic<int64_t> done_{0};
  std::atomic<int64_t> next_ms_;  // time since begin_ at which something is shown again
  std::mutex lock_;               // guards what follows
  std::string note_;
  int64_t first_ = 0;
  RateUnit rate_ = RateUnit::open;
  bool shown_ = false;
  int64_t printed_ = -1;  // what the last whole line told
};

/// "vqa train  1200/4000 steps (30%)  loss 0.41  12.5/s  3 min 44 s left"; the rate counts from `first`. In
/// less `room` the note's last words go first, then the time left, the rate, and the unit with the share.
std::string progress_text(std::string_view label, int64_t done, int64_t first, int64_t total,
                          std::string_view unit, double seconds, std::string_view note = {},
                          RateUnit rate = RateUnit::open, size_t room = std::string_view::npos);

/// "850 ms", "12.3 s", "3 min 44 s", "2 h 05 min", "3 d 4 h".
std::string duration_text(double seconds);

}  // namespace conclave
