/// Reports against reference reports: their words, and the fields that they tell of.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/score/words.h"

namespace conclave {

/// A report as a line of JSON: {"id", "text" (references: or "texts", a list), "fields": {name: value},
/// "impression": {name: value}, "measurements_mm": {name: number}, "votes": {name: {rater: value}}}. All but
/// the text may be missing; without an id the line's number is it.
struct ReportLine {
  std::string id;
  std::vector<std::string> texts;
  std::map<std::string, std::string> fields, impression;
  std::map<std::string, double> measurements_mm;
  /// By field, how many raters gave each value.
  std::map<std::string, std::map<std::string, int64_t>> votes;
};

/// Throws DataError that names the line.
std::vector<ReportLine> read_report_lines(const std::filesystem::path& file);

/// Scores of `reports` against the `references` with the same ids. `splitting`: of BLEU; the other scores
/// split as their reference tools do. Throws UsageError when an id has no partner.
Json text_figures(const std::vector<ReportLine>& reports, const std::vector<ReportLine>& references,
                  Splitting splitting);

}  // namespace conclave
