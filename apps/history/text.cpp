#include "apps/history/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/history/record.h"

namespace conclave {
namespace {

// Columns on the screen, as far as UTF-8 tells: continuation bytes take none.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

Json optional_json(const std::optional<int64_t>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

Table::Table(std::vector<std::string> head, std::vector<size_t> right) : right_(std::move(right)) {
  rows_.push_back(std::move(head));
}

void Table::add(std::vector<std::string> row) {
  // A line break or a control code in a name must not break the table, or the terminal.
  for (auto& cell : row)
    std::replace_if(
        cell.begin(), cell.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<size_t> widths(rows_[0].size());
  for (const auto& row : rows_)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - width(row[i]), ' ');
      const bool to_right = std::find(right_.begin(), right_.end(), i) != right_.end();
      line += (i > 0 ? "  " : "") + (to_right ? gap + row[i] : row[i] + gap);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string time_text(int64_t ms) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(ms / 1000)));
}

std::string number_text(double value) {
  return fmt::format("{:.6g}", value);
}

std::string delta_text(double value) {
  return value == 0 ? "0" : fmt::format("{:+.4g}", value);
}

std::string bytes_text(int64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return fmt::format("{:.1f} {}", value, unit);
}

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string shell_text(const std::vector<std::string>& argv) {
  std::string line;
  for (const auto& word : argv) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
      return std::isalnum(c) ||
             std::string_view("-_./=:,+@%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

std::string repeat_text(const RunDetail& run) {
  return fmt::format("cd {} && {}", shell_text({run.folder}), shell_text(run.argv));
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

Json to_json(const RunSummary& run) {
  Json metrics = Json::object();
  for (const auto& m : run.metrics)
    metrics[m.name] = {{"last", number_to_json(m.last)},
                       {"step", m.step},
                       {"min", number_to_json(m.low)},
                       {"max", number_to_json(m.high)},
                       {"points", m.n},
                       {"nonfinite", m.nonfinite},
                       {"unit", m.unit},
                       {"goal", m.goal}};
  return {{"id", run.id},
          {"uuid", run.uuid},
          {"app", run.app},
          {"verb", run.verb},
          {"name", run.name},
          {"experiment", run.experiment},
          {"status", run.status},
          {"exit_code", optional_json(run.exit_code)},
          {"message", run.message},
          {"started_ms", run.started_ms},
          {"finished_ms", optional_json(run.finished_ms)},
          {"seconds", run.seconds()},
          {"tags", run.tags},
          {"metrics", metrics}};
}

Json to_json(const RunDetail& run) {
  Json json = to_json(static_cast<const RunSummary&>(run));
  json["argv"] = run.argv;
  json["folder"] = run.folder;
  json["repeat"] = repeat_text(run);
  json["version"] = run.version;
  json["git"] = run.git_sha;
  json["seed"] = run.seed;
  json["host"] = run.host;
  json["machine"] = run.machine;
  json["parent"] = run.parent;
  json["note"] = run.note;
  json["params"] = Json::array();
  for (const auto& p : run.params)
    json["params"].push_back({{"key", p.key}, {"value", p.value}, {"source", p.source}});
  json["artifacts"] = Json::array();
  for (const auto& a : run.artifacts)
    json["artifacts"].push_back({{"direction", a.direction},
                                 {"kind", a.kind},
                                 {"path", a.path},
                                 {"size", a.size},
                                 {"sha256", a.sha256}});
  json["events"] = Json::array();
  for (const auto& e : run.events)
    json["events"].push_back(
        {{"time_ms", e.time_ms}, {"step", optional_json(e.step)}, {"level", e.level}, {"text", e.text}});
  return json;
}

}  // namespace conclave
