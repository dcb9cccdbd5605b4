#include "framework/base/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/base/log.h"
#include "framework/base/terminal.h"

namespace conclave {
namespace {

constexpr int64_t kDelayMs = 500;    // nothing before
constexpr int64_t kBarMs = 100;      // between two drawings of the bar
constexpr int64_t kLineMs = 10'000;  // between two lines

std::string rate_text(double rate) {
  if (rate >= 1000) return fmt::format("{:.0f}/s", rate);
  if (rate >= 1) return fmt::format("{:.1f}/s", rate);
  return fmt::format("{} each", duration_text(1 / rate));
}

std::string bar(double share, int width) {
  const int full = static_cast<int>(std::clamp(share, 0.0, 1.0) * width);
  std::string drawn = "[";
  drawn.append(static_cast<size_t>(full), '#').append(static_cast<size_t>(width - full), '.');
  return drawn + "]";
}

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1000);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto s = static_cast<int64_t>(std::llround(std::min(seconds, 1e15)));
  if (s < 3600) return fmt::format("{} min {:02d} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {:02d} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

std::string progress_text(std::string_view label, int64_t done, int64_t first, int64_t total,
                          std::string_view unit, double seconds) {
  std::string text = fmt::format("{}  {}", label, done);
  if (total > 0) text += fmt::format("/{}", total);
  if (!unit.empty()) text += fmt::format(" {}", unit);
  if (total > 0) text += fmt::format(" ({}%)", 100 * std::min(done, total) / total);
  if (done > first && seconds > 0) {
    const double rate = static_cast<double>(done - first) / seconds;
    text += "  " + rate_text(rate);
    if (total > done)
      text += fmt::format("  {} left", duration_text(static_cast<double>(total - done) / rate));
  }
  return text;
}

Progress::Progress(std::string label, int64_t total, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      next_ms_(stderr_is_terminal() ? kDelayMs : kLineMs) {}

Progress::~Progress() {
  if (shown_) set(done_, true);
}

void Progress::start_at(int64_t done) {
  const std::lock_guard guard(lock_);
  first_ = done;
  done_ = done;
}

void Progress::note(std::string text) {
  const std::lock_guard guard(lock_);
  note_ = std::move(text);
}

void Progress::set(int64_t done, bool last) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_).count();
  // The common case is one load: nothing to show yet.
  if ((ms < next_ms_.load(std::memory_order_relaxed) && !last) || quiet()) return;
  const std::unique_lock guard(lock_, std::try_to_lock);
  if (!guard) return;  // another thread is drawing
  const bool terminal = stderr_is_terminal();
  next_ms_ = ms + (terminal ? kBarMs : kLineMs);
  shown_ = true;
  std::string shown = text(done, static_cast<double>(ms) / 1000);
  if (last) {
    set_status_line("");
    print_stderr(shown);
  } else if (terminal) {
    const auto room = static_cast<size_t>(std::max(20, stderr_width() - 1));
    if (total_ > 0 && shown.size() + 24 < room)
      shown = bar(static_cast<double>(done) / static_cast<double>(total_), 20) + " " + shown;
    set_status_line(std::string_view(shown).substr(0, room));
  } else {
    print_stderr(shown);
  }
}

std::string Progress::text(int64_t done, double seconds) const {
  const std::string shown = progress_text(label_, done, first_, total_, unit_, seconds);
  return note_.empty() ? shown : shown + "  " + note_;
}

}  // namespace conclave
