/// How runs are printed: tables for people, JSON for programs.
#pragma once

#include <string>
#include <vector>

#include "framework/history/store.h"

namespace conclave {

/// Columns as wide as they need to be; those named in `right` are aligned to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> head, std::vector<size_t> right = {});
  void add(std::vector<std::string> row);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> right_;
};

/// "2026-11-22 05:12:07", local time.
std::string time_text(int64_t ms);
/// Six significant digits.
std::string number_text(double value);
/// "+0.02", "-3", "0".
std::string delta_text(double value);
std::string bytes_text(int64_t bytes);
/// A JSON value as people write it: text without quotes.
std::string value_text(const Json& value);
/// The command line that a shell would read as `argv`.
std::string shell_text(const std::vector<std::string>& argv);
/// `cd FOLDER && COMMAND`: what repeats the run.
std::string repeat_text(const RunDetail& run);
/// A CSV field (RFC 4180).
std::string csv_field(const std::string& text);

/// What `list --json` prints.
Json to_json(const RunSummary& run);
/// What `show --json` prints: the same and the rest.
Json to_json(const RunDetail& run);

}  // namespace conclave
