/// Reports and reference reports as lines of JSON.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// A report as a line of JSON: {"id", "patient", "text" (references: or "texts", a list), "fields": {name:
/// value}, "impression": {name: value}, "measurements_mm": {name: number}, "votes": {name: {rater: value}}}.
/// All but the text may be missing; without an id the line's number is it, without a patient each report has
/// its own.
struct ReportLine {
  std::string id, patient;
  std::vector<std::string> texts;
  std::map<std::string, std::string> fields, impression;
  std::map<std::string, double> measurements_mm;
  /// By field, how many raters gave each value.
  std::map<std::string, std::map<std::string, int64_t>> votes;
};

/// Throws DataError that names the line.
std::vector<ReportLine> read_report_lines(const std::filesystem::path& file);

}  // namespace conclave
