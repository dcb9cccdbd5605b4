// Metrics in CSV files, of this program and of others.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "framework/base/csv.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/sha256.h"
#include "framework/history/exchange/foreign_run.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

std::optional<double> number(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (lower == "inf" || lower == "infinity") return INFINITY;
  if (lower == "-inf" || lower == "-infinity") return -INFINITY;
  double value = 0;
  const char* begin = text.data() + (text.starts_with("+") ? 1 : 0);
  const auto [end, failure] = std::from_chars(begin, text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// The place of the first of `names` in the head, whatever its case; nullopt when none is there.
std::optional<size_t> column(const std::vector<std::string>& head, std::initializer_list<const char*> names) {
  for (const char* name : names)
    for (size_t i = 0; i < head.size(); ++i)
      if (std::equal(head[i].begin(), head[i].end(), name, name + std::char_traits<char>::length(name),
                     [](unsigned char a, unsigned char b) { return std::tolower(a) == b; }))
        return i;
  return std::nullopt;
}

void add(Series& series, double step, double seconds, double value) {
  series.steps.push_back(std::abs(step) < 9e18 ? static_cast<int64_t>(step) : 0);
  series.seconds.push_back(static_cast<float>(seconds));
  series.values.push_back(value);
}

}  // namespace

ImportResult import_csv(Store& store, const fs::path& file) {
  const auto rows = read_csv(read_file(file, size_t{1} << 30), file.string());
  if (rows.empty()) throw DataError(file.string(), "line 1", "no head of columns");
  const auto& head = rows[0].cells;
  const auto metric = column(head, {"metric"}), value = column(head, {"value"}),
             named = column(head, {"run"});
  const auto step = column(head, {"step", "global_step", "iteration", "iter", "epoch", "steps"});
  const auto seconds = column(head, {"seconds", "relative_time", "elapsed"});
  const bool tall = metric && value;
  std::map<std::string, Curves> runs;
  std::vector<bool> words(head.size());
  for (size_t r = 1; r < rows.size(); ++r) {
    const auto& [line, cells] = rows[r];
    if (cells.size() != head.size())
      throw DataError(file.string(), fmt::format("line {}", line),
                      fmt::format("{} columns where the head has {}", cells.size(), head.size()));
    const auto known = [&, &cells = cells](const std::optional<size_t>& at, double otherwise) {
      return at ? number(cells[*at]).value_or(otherwise) : otherwise;
    };
    const double s = known(step, static_cast<double>(r - 1)), t = known(seconds, 0);
    if (tall) {
      const auto v = number(cells[*value]);
      if (!v)
        throw DataError(file.string(), fmt::format("line {}", line),
                        "'" + cells[*value] + "' is not a number");
      add(runs[named ? cells[*named] : ""][cells[*metric]], s, t, *v);
      continue;
    }
    for (size_t c = 0; c < cells.size(); ++c) {
      if (c == step || c == seconds || cells[c].empty() || words[c]) continue;
      if (const auto v = number(cells[c])) {
        add(runs[""][head[c]], s, t, *v);
      } else {
        words[c] = true;
        runs[""].erase(head[c]);
        log_warning("{}: line {}: '{}' is not a number; the column '{}' is left out", file.string(), line,
                    cells[c], head[c]);
      }
    }
  }
  if (runs.empty()) throw DataError(file.string(), "", "no numbers");
  const std::string hash = sha256_file(file);
  const int64_t when = std::chrono::duration_cast<std::chrono::milliseconds>(
                           std::chrono::file_clock::to_sys(fs::last_write_time(file)).time_since_epoch())
                           .count();
  ImportResult result;
  for (auto& [name, curves] : runs) {
    ForeignRun run{.origin = hash + " " + name, .app = "csv"};
    run.name = file.stem().string() + (name.empty() ? "" : " " + name);
    run.source = fs::absolute(file).string();
    run.started_ms = run.finished_ms = when;
    run.curves = std::move(curves);
    take_in(store, run, result);
  }
  return result;
}

}  // namespace conclave
