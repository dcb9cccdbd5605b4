#include "framework/base/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/base/log.h"
#include "framework/base/terminal.h"

namespace conclave {
namespace {

constexpr int64_t kDelayMs = 500;    // nothing before
constexpr int64_t kBarMs = 100;      // between two drawings of the bar
constexpr int64_t kLineMs = 10'000;  // between two lines

RateUnit unit_of(double rate) {
  return rate >= 1 ? RateUnit::per_second : RateUnit::seconds_each;
}

std::string rate_text(double rate, RateUnit unit) {
  if (unit == RateUnit::open) unit = unit_of(rate);
  if (unit == RateUnit::per_second)
    return fmt::format("{:.{}f}/s", rate, rate >= 1000 ? 0 : rate >= 1 ? 1 : 2);
  return rate > 1 ? fmt::format("{:.2f} s each", 1 / rate) : fmt::format("{} each", duration_text(1 / rate));
}

// Parts of a note.
std::vector<std::string> parts_of(std::string_view note) {
  std::vector<std::string> parts;
  while (!note.empty()) {
    const size_t gap = std::min(note.find("  "), note.size());
    if (gap > 0) parts.emplace_back(note.substr(0, gap));
    note.remove_prefix(std::min(gap + 2, note.size()));
  }
  return parts;
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
                          std::string_view unit, double seconds, std::string_view note, RateUnit rate_unit,
                          size_t room) {
  std::string count = fmt::format("{}  {}", label, done), about, rate, left;
  if (total > 0) count += fmt::format("/{}", total);
  if (!unit.empty()) about += fmt::format(" {}", unit);
  if (total > 0) about += fmt::format(" ({}%)", 100 * std::min(done, total) / total);
  if (done > first && seconds > 0) {
    const double per_second = static_cast<double>(done - first) / seconds;
    rate = "  " + rate_text(per_second, rate_unit);
    if (total > done)
      left = fmt::format("  {} left", duration_text(static_cast<double>(total - done) / per_second));
  }
  std::vector<std::string> notes = parts_of(note);
  const auto whole = [&] {
    std::string text = count + about;
    for (const auto& part : notes) text += "  " + part;
    return text + rate + left;
  };
  while (whole().size() > room && notes.size() > 1) notes.pop_back();
  for (std::string* part : {&left, &rate, &about})
    if (whole().size() > room) part->clear();
  return whole().substr(0, room);
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
  // Room for the "^C" that a terminal shows: a line that wraps could not be taken away again.
  const size_t room =
      terminal ? static_cast<size_t>(std::max(20, stderr_width() - 3)) : std::string_view::npos;
  std::string shown = text(done, static_cast<double>(ms) / 1000, room);
  if (terminal && !last) {
    if (total_ > 0 && shown.size() + 24 < room)
      shown = bar(static_cast<double>(done) / static_cast<double>(total_), 20) + " " + shown;
    set_status_line(shown);
    return;
  }
  set_status_line("");
  if (printed_ != done) print_stderr(shown);
  printed_ = done;
}

std::string Progress::text(int64_t done, double seconds, size_t room) {
  if (rate_ == RateUnit::open && done > first_ && seconds > 0)
    rate_ = unit_of(static_cast<double>(done - first_) / seconds);
  return progress_text(label_, done, first_, total_, unit_, seconds, note_, rate_, room);
}

}  // namespace conclave
