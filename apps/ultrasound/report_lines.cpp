#include "apps/ultrasound/report_lines.h"

#include <set>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace {

using Fields = std::map<std::string, std::string>;

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Fields fields_of(const Json& line, const char* key) {
  Fields fields;
  const Json part = line.value(key, Json::object());
  require<UsageError>(part.is_object(), "{} is no object", key);
  for (const auto& [name, value] : part.items())
    if (!value.is_null()) fields[name] = value_text(value);
  return fields;
}

ReportLine report_of(const Json& line, size_t number) {
  require<UsageError>(line.is_object(), "is no JSON object");
  ReportLine report;
  report.id = line.contains("id") ? value_text(line["id"]) : std::to_string(number);
  report.patient = line.contains("patient") ? value_text(line["patient"]) : "report " + report.id;
  for (const char* key : {"text", "texts"}) {
    if (!line.contains(key)) continue;
    const Json texts = line[key].is_array() ? line[key] : Json::array({line[key]});
    for (const auto& text : texts) {
      require<UsageError>(text.is_string(), "{} is no text", key);
      report.texts.push_back(text.get<std::string>());
    }
  }
  require<UsageError>(!report.texts.empty(), "has neither \"text\" nor \"texts\"");
  report.fields = fields_of(line, "fields");
  report.impression = fields_of(line, "impression");
  const Json lengths = line.value("measurements_mm", Json::object());
  require<UsageError>(lengths.is_object(), "measurements_mm is no object");
  for (const auto& [name, value] : lengths.items()) {
    require<UsageError>(value.is_number(), "measurements_mm.{} is no number", name);
    report.measurements_mm[name] = value.get<double>();
  }
  const Json votes = line.value("votes", Json::object());
  require<UsageError>(votes.is_object(), "votes is no object");
  for (const auto& [name, by_rater] : votes.items()) {
    require<UsageError>(by_rater.is_object(), "votes.{} is no object", name);
    for (const auto& vote : by_rater)
      if (!vote.is_null()) ++report.votes[name][value_text(vote)];
  }
  return report;
}

}  // namespace

std::vector<ReportLine> read_report_lines(const std::filesystem::path& file) {
  const std::string text = read_file(file, size_t{1} << 30);
  std::vector<ReportLine> all;
  std::set<std::string> ids;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = fmt::format("line {}", number);
    try {
      all.push_back(report_of(parse_json(line, file.string()), number));
    } catch (const UsageError& e) {
      throw DataError(file.string(), where, e.what());
    } catch (const DataError& e) {
      throw DataError(file.string(), where, e.what());
    }
    if (!ids.insert(all.back().id).second)
      throw DataError(file.string(), where, fmt::format("the id {} came before", all.back().id));
  }
  if (all.empty()) throw DataError(file.string(), "", "holds no reports");
  return all;
}

}  // namespace conclave
