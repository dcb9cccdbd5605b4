#include "models/ultrasound/report/life.h"

#include <algorithm>
#include <charconv>

#include "framework/base/error.h"
#include "framework/base/sha256.h"
#include "models/ultrasound/report/draft.h"

namespace conclave::ultrasound {
namespace {

void set_field(Report& report, const Edit::Set& set) {
  require<UsageError>(set.finding < report.findings.size(), "finding {}: the report has {}", set.finding,
                      report.findings.size());
  require<UsageError>(find_field(report.organ, set.field), "{}: a report of '{}' has no such field",
                      set.field, report.organ);
  if (!set.value.empty()) check_value(report.organ, set.field, set.value);
  auto& fields = report.findings[set.finding].fields;
  auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == set.field; });
  if (found == fields.end()) found = fields.insert(fields.end(), Field{});
  Field field;
  field.name = set.field;
  field.value = set.value;
  field.confidence = set.value.empty() ? 0 : 1;
  field.abstained = set.value.empty();
  if (field.abstained) field.reason = "left open by the reader";
  field.evidence = found->evidence;
  *found = std::move(field);
}

void set_text(Report& report, const std::string& section, const std::string& text) {
  std::vector<Evidence> evidence;
  for (const auto& sentence : report.sentences)
    if (sentence.section == section)
      evidence.insert(evidence.end(), sentence.evidence.begin(), sentence.evidence.end());
  if (evidence.size() > 1) evidence.resize(1);
  std::erase_if(report.sentences, [&](const Sentence& sentence) { return sentence.section == section; });
  report.sentences.push_back({section, text, std::move(evidence), true});
}

// Appends the step that leads from `before` to `after`.
void add_step(const Report& before, Report& after, const std::string& reader, const std::string& time) {
  const Json changes = Json::diff(to_json(before), to_json(after));
  after.steps.push_back({after.state, reader, time, changes, sha256(report_bytes(before))});
}

}  // namespace

Edit::Set parse_set(const std::string& text) {
  const size_t dot = text.find('.'), equals = text.find('=');
  size_t finding = 0;
  const auto read = std::from_chars(text.data(), text.data() + std::min(dot, text.size()), finding);
  require<UsageError>(dot != std::string::npos && equals != std::string::npos && dot < equals && dot > 0 &&
                          read.ec == std::errc() && read.ptr == text.data() + dot,
                      "'{}': FINDING.FIELD=VALUE is wanted, as 0.margin=spiculated", text);
  return {finding, text.substr(dot + 1, equals - dot - 1), text.substr(equals + 1)};
}

namespace {

constexpr size_t kLongestName = 64;  // of a person in DICOM

// UTF-8 without control characters, but for line breaks where there may be `lines`.
bool is_plain(const std::string& text, bool lines) {
  try {
    Json(text).dump();  // refuses what is no UTF-8
  } catch (const Json::exception&) {
    return false;
  }
  return std::ranges::none_of(
      text, [&](unsigned char c) { return (c < 32 && !(lines && (c == '\n' || c == '\t'))) || c == 127; });
}

void check_reader(const std::string& reader) {
  require<UsageError>(!reader.empty(), "a reader's name is wanted");
  require<UsageError>(is_plain(reader, false) && reader.size() <= kLongestName,
                      "the reader's name must be one line of at most {} letters", kLongestName);
}

}  // namespace

Report edit_report(const Report& report, const Edit& edit, const std::string& reader,
                   const std::string& time) {
  check_reader(reader);
  for (const auto& text : {edit.findings_text, edit.impression_text})
    require<UsageError>(!text || is_plain(*text, true), "the text is no UTF-8, or has control characters");
  Report after = report;
  for (const auto& set : edit.set) set_field(after, set);
  if (edit.findings_text) set_text(after, "findings", *edit.findings_text);
  if (edit.impression_text) set_text(after, "impression", *edit.impression_text);
  derive(after);
  require<UsageError>(to_json(after) != to_json(report), "the edit changes nothing");
  after.state = report.state == "signed" || report.state == "amended" ? "amended" : "edited";
  add_step(report, after, reader, time);
  return after;
}

Report sign_report(const Report& report, const std::string& reader, const std::string& time) {
  check_reader(reader);
  require<UsageError>(report.state == "draft" || report.state == "edited", "the report is {} already",
                      report.state);
  Report after = report;
  after.state = "signed";
  add_step(report, after, reader, time);
  return after;
}

}  // namespace conclave::ultrasound
