#include <cmath>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "models/ultrasound/report/report.h"
#include "models/ultrasound/rules/lexicon.h"

namespace conclave::ultrasound {
namespace {

constexpr double kMostMm = 10'000;

/// One JSON object read key by key; every error names the key.
class Keys {
 public:
  Keys(const Json& object, std::string place, const std::string& file)
      : object_(object), place_(std::move(place)), file_(file) {
    if (!object.is_object()) fail("", "is no object");
  }
  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    throw DataError(file_, place_.empty() ? key : key.empty() ? place_ : place_ + "." + key, what);
  }
  bool has(const std::string& key) const { return object_.contains(key) && !object_[key].is_null(); }
  std::string text(const std::string& key, bool needed = false) const {
    if (!has(key) && !needed) return "";
    if (!has(key) || !object_[key].is_string()) fail(key, "a text is wanted");
    return object_[key].get<std::string>();
  }
  double number(const std::string& key, double fallback) const {
    if (!has(key)) return fallback;
    if (!object_[key].is_number()) fail(key, "a number is wanted");
    return object_[key].get<double>();
  }
  double need_number(const std::string& key) const {
    if (!has(key)) fail(key, "is missing");
    return number(key, 0);
  }
  std::optional<double> maybe(const std::string& key) const {
    return has(key) ? std::optional(number(key, 0)) : std::nullopt;
  }
  double probability(const std::string& key, double fallback) const {
    const double value = number(key, fallback);
    if (!(value >= 0 && value <= 1)) fail(key, fmt::format("{} is no probability", value));
    return value;
  }
  int64_t whole(const std::string& key, int64_t fallback) const {
    if (!has(key)) return fallback;
    if (!object_[key].is_number_integer() || object_[key].get<int64_t>() < 0)
      fail(key, "a whole number of at least 0 is wanted");
    return object_[key].get<int64_t>();
  }
  bool flag(const std::string& key) const {
    if (!has(key)) return false;
    if (!object_[key].is_boolean()) fail(key, "true or false is wanted");
    return object_[key].get<bool>();
  }
  template <class Visit>
  void each(const std::string& key, Visit visit) const {
    if (!has(key)) return;
    if (!object_[key].is_array()) fail(key, "a list is wanted");
    for (size_t i = 0; i < object_[key].size(); ++i)
      visit(object_[key][i], name(key) + "." + std::to_string(i));
  }
  std::vector<double> numbers(const std::string& key, size_t count) const {
    std::vector<double> list;
    if (!has(key) || !object_[key].is_array())
      fail(key, fmt::format("a list of {} numbers is wanted", count));
    for (const auto& item : object_[key]) {
      if (!item.is_number() || !std::isfinite(item.get<double>())) fail(key, "numbers are wanted");
      list.push_back(item.get<double>());
    }
    if (list.size() != count) fail(key, fmt::format("a list of {} numbers is wanted", count));
    return list;
  }
  const Json& part(const std::string& key) const {
    if (!has(key)) fail(key, "is missing");
    return object_[key];
  }
  std::string name(const std::string& key) const { return place_.empty() ? key : place_ + "." + key; }
  const std::string& file() const { return file_; }

 private:
  const Json& object_;
  std::string place_;
  const std::string& file_;
};

Json box_json(const Box& box) {
  return {box.x, box.y, box.width, box.height};
}

Json evidence_json(const Evidence& evidence) {
  Json json = {{"source", evidence.source}, {"frame", evidence.frame}};
  if (evidence.box) json["box"] = box_json(*evidence.box);
  return json;
}

Evidence evidence_of(const Json& json, const std::string& place, const std::string& file) {
  const Keys keys(json, place, file);
  Evidence evidence{keys.text("source"), keys.whole("frame", 0), std::nullopt};
  if (keys.has("box")) {
    const auto box = keys.numbers("box", 4);
    evidence.box = {box[0], box[1], box[2], box[3]};
    if (box[2] <= 0 || box[3] <= 0) keys.fail("box", "has no area");
  }
  return evidence;
}

Evidence evidence_at(const Keys& keys) {
  return keys.has("evidence") ? evidence_of(keys.part("evidence"), keys.name("evidence"), keys.file())
                              : Evidence{};
}

Json field_json(const Field& field) {
  Json json = {{"name", field.name},
               {"value", field.value},
               {"confidence", field.confidence},
               {"abstained", field.abstained}};
  if (!field.reason.empty()) json["reason"] = field.reason;
  if (!field.probabilities.empty()) json["probabilities"] = field.probabilities;
  if (field.evidence) json["evidence"] = evidence_json(*field.evidence);
  return json;
}

Field field_of(const Json& json, const std::string& place, const std::string& file,
               const std::string& organ) {
  const Keys keys(json, place, file);
  Field field;
  field.name = keys.text("name", true);
  field.value = keys.text("value");
  field.confidence = keys.probability("confidence", 0);
  field.abstained = keys.flag("abstained");
  field.reason = keys.text("reason");
  if (!field.abstained || !field.value.empty()) {
    try {
      check_value(organ, field.name, field.value);
    } catch (const UsageError& wrong) {
      keys.fail("value", wrong.what());
    }
  }
  if (keys.has("probabilities")) {
    const Keys each(keys.part("probabilities"), keys.name("probabilities"), file);
    for (const auto& [value, probability] : keys.part("probabilities").items())
      field.probabilities[value] = each.probability(value, 0);
  }
  if (keys.has("evidence")) field.evidence = evidence_at(keys);
  return field;
}

Json measurement_json(const Measurement& measured) {
  Json json = {{"name", measured.name},
               {"confidence", measured.confidence},
               {"evidence", evidence_json(measured.evidence)}};
  if (measured.kind == MeasurementKind::line) {
    json["kind"] = "line";
    json["from"] = {measured.from.x, measured.from.y};
    json["to"] = {measured.to.x, measured.to.y};
  } else {
    const auto& ellipse = measured.ellipse;
    json["kind"] = "ellipse";
    json["center"] = {ellipse.center.x, ellipse.center.y};
    json["half_axes"] = {ellipse.long_half, ellipse.short_half};
    json["angle"] = ellipse.angle;
  }
  return json;
}

Measurement measurement_of(const Json& json, const std::string& place, const std::string& file) {
  const Keys keys(json, place, file);
  Measurement measured;
  measured.name = keys.text("name", true);
  measured.confidence = keys.probability("confidence", 0);
  measured.evidence = evidence_at(keys);
  const std::string kind = keys.text("kind", true);
  if (kind == "line") {
    const auto from = keys.numbers("from", 2), to = keys.numbers("to", 2);
    measured.from = {from[0], from[1]}, measured.to = {to[0], to[1]};
  } else if (kind == "ellipse") {
    measured.kind = MeasurementKind::ellipse;
    const auto center = keys.numbers("center", 2), axes = keys.numbers("half_axes", 2);
    measured.ellipse = {{center[0], center[1]}, axes[0], axes[1], keys.number("angle", 0)};
    if (axes[0] < axes[1] || axes[1] <= 0) keys.fail("half_axes", "the longer one comes first, both above 0");
  } else {
    keys.fail("kind", "'" + kind + "' is none of: line, ellipse");
  }
  return measured;
}

Json verdict_json(const Verdict& verdict) {
  Json json = {{"table", verdict.table},
               {"category", verdict.category},
               {"advice", verdict.advice},
               {"rules", verdict.rules}};
  if (!verdict.points.empty()) json["points"] = verdict.points;
  if (!verdict.reason.empty()) json["reason"] = verdict.reason;
  return json;
}

Verdict verdict_of(const Json& json, const std::string& place, const std::string& file) {
  const Keys keys(json, place, file);
  Verdict verdict{keys.text("table", true), keys.text("category"), keys.text("advice"), {}, {},
                  keys.text("reason")};
  keys.each("rules", [&](const Json& rule, const std::string& at) {
    if (!rule.is_string()) throw DataError(file, at, "a text is wanted");
    verdict.rules.push_back(rule.get<std::string>());
  });
  if (keys.has("points")) {
    const Keys each(keys.part("points"), keys.name("points"), file);
    for (const auto& [number, points] : keys.part("points").items())
      verdict.points[number] = static_cast<int>(each.whole(number, 0));
  }
  return verdict;
}

// What a finding has in common in findings and in reports.
template <class AnyFinding>
Json finding_json(const AnyFinding& finding) {
  Json json = {{"kind", finding.kind},
               {"confidence", finding.confidence},
               {"evidence", evidence_json(finding.evidence)}};
  json["fields"] = Json::array();
  for (const auto& field : finding.fields) json["fields"].push_back(field_json(field));
  json["measurements"] = Json::array();
  if (finding.mask) json["mask"] = mask_json(*finding.mask);
  return json;
}

template <class AnyFinding>
void read_finding(const Keys& keys, const std::string& organ, AnyFinding& finding) {
  finding.kind = keys.text("kind", true);
  finding.confidence = keys.probability("confidence", 0);
  finding.evidence = evidence_at(keys);
  if (keys.has("mask")) finding.mask = mask_from_json(keys.part("mask"), keys.file());
  keys.each("fields", [&](const Json& field, const std::string& at) {
    finding.fields.push_back(field_of(field, at, keys.file(), organ));
  });
}

Json maybe_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}

std::vector<std::string> texts_at(const Keys& keys, const std::string& key) {
  std::vector<std::string> texts;
  keys.each(key, [&](const Json& text, const std::string& at) {
    if (!text.is_string()) throw DataError(keys.file(), at, "a text is wanted");
    texts.push_back(text.get<std::string>());
  });
  return texts;
}

Json study_json(const StudyInfo& study) {
  Json sources = Json::array();
  for (const auto& source : study.sources) {
    sources.push_back({{"name", source.name},
                       {"sop_class", source.sop_class},
                       {"sop_instance", source.sop_instance},
                       {"series_uid", source.series_uid},
                       {"frames", source.frames},
                       {"width", source.width},
                       {"height", source.height}});
    if (!source.sha256.empty()) sources.back()["sha256"] = source.sha256;
  }
  const auto& patient = study.patient;
  return {{"uid", study.uid},
          {"date", study.date},
          {"accession", study.accession},
          {"description", study.description},
          {"patient",
           {{"name", patient.name},
            {"id", patient.id},
            {"birth_date", patient.birth_date},
            {"sex", patient.sex}}},
          {"sources", sources}};
}

StudyInfo study_of(const Keys& keys) {
  StudyInfo study{
      keys.text("uid"), keys.text("date"), keys.text("accession"), keys.text("description"), {}, {}};
  if (keys.has("patient")) {
    const Keys patient(keys.part("patient"), keys.name("patient"), keys.file());
    study.patient = {patient.text("name"), patient.text("id"), patient.text("birth_date"),
                     patient.text("sex")};
  }
  keys.each("sources", [&](const Json& json, const std::string& at) {
    const Keys source(json, at, keys.file());
    study.sources.push_back({source.text("name", true), source.text("sop_class"), source.text("sop_instance"),
                             source.text("series_uid"), source.whole("frames", 1), source.whole("width", 0),
                             source.whole("height", 0), source.text("sha256")});
  });
  return study;
}

}  // namespace

Json mask_json(const Mask& mask) {
  Json runs = Json::array();
  uint8_t now = 0;
  int64_t length = 0;
  for (const uint8_t pixel : mask.pixels) {
    if ((pixel != 0) != (now != 0)) {
      runs.push_back(length);
      now = pixel, length = 0;
    }
    ++length;
  }
  runs.push_back(length);
  return {{"width", mask.width}, {"height", mask.height}, {"runs", runs}};
}

Mask mask_from_json(const Json& json, const std::string& name) {
  const Keys keys(json, "mask", name);
  Mask mask{keys.whole("width", 0), keys.whole("height", 0), {}};
  if (mask.width < 1 || mask.height < 1 || mask.width > 100'000'000 / mask.height)
    keys.fail("width", "no size of a picture");
  const int64_t pixels = mask.width * mask.height;
  int64_t sum = 0;
  uint8_t now = 0;
  mask.pixels.reserve(static_cast<size_t>(pixels));
  keys.each("runs", [&](const Json& run, const std::string&) {
    const int64_t length = run.is_number_integer() ? run.get<int64_t>() : -1;
    if (length < 0 || length > pixels - sum) keys.fail("runs", "do not fit the picture");
    mask.pixels.insert(mask.pixels.end(), static_cast<size_t>(length), now);
    sum += length;
    now = !now;
  });
  if (sum != pixels) keys.fail("runs", "do not fit the picture");
  return mask;
}

Json to_json(const Findings& findings) {
  Json json = {{"organ", findings.organ},
               {"model", findings.model},
               {"abstained", findings.abstained},
               {"reason", findings.reason},
               {"outlier_score", findings.outlier_score}};
  json["findings"] = Json::array();
  for (const auto& finding : findings.findings) {
    Json row = finding_json(finding);
    for (const auto& measurement : finding.measurements)
      row["measurements"].push_back(measurement_json(measurement));
    json["findings"].push_back(std::move(row));
  }
  json["warnings"] = findings.warnings;
  return json;
}

Findings findings_from_json(const Json& json, const std::string& name) {
  const Keys keys(json, "", name);
  Findings findings;
  findings.organ = keys.text("organ");
  findings.model = keys.text("model");
  findings.abstained = keys.flag("abstained");
  findings.reason = keys.text("reason");
  findings.outlier_score = keys.number("outlier_score", 0);
  keys.each("findings", [&](const Json& each, const std::string& at) {
    const Keys row(each, at, name);
    Finding finding;
    read_finding(row, findings.organ, finding);
    row.each("measurements", [&](const Json& measurement, const std::string& where) {
      finding.measurements.push_back(measurement_of(measurement, where, name));
    });
    findings.findings.push_back(std::move(finding));
  });
  findings.warnings = texts_at(keys, "warnings");
  return findings;
}

Json to_json(const Report& report) {
  Json json = {{"schema", kReportSchema},
               {"notice", kResearchOnly},
               {"id", report.id},
               {"state", report.state},
               {"created", report.created},
               {"language", report.language},
               {"program", report.program},
               {"organ", report.organ},
               {"model", report.model},
               {"abstained", report.abstained},
               {"reason", report.reason},
               {"outlier_score", report.outlier_score},
               {"study", study_json(report.study)}};
  json["findings"] = Json::array();
  for (const auto& finding : report.findings) {
    Json row = finding_json(finding);
    for (const auto& measurement : finding.measurements) {
      Json told = measurement_json(measurement.measured);
      told["pixels"] = measurement.pixels;
      told["mm"] = maybe_json(measurement.mm);
      if (!measurement.reason.empty()) told["reason"] = measurement.reason;
      row["measurements"].push_back(std::move(told));
    }
    row["categories"] = Json::array();
    for (const auto& verdict : finding.verdicts) row["categories"].push_back(verdict_json(verdict));
    json["findings"].push_back(std::move(row));
  }
  json["growth"] = Json::array();
  for (const auto& growth : report.growth)
    json["growth"].push_back({{"finding", growth.finding},
                              {"head_circumference_mm", growth.head_circumference_mm},
                              {"weeks", maybe_json(growth.weeks)},
                              {"low_weeks", maybe_json(growth.low_weeks)},
                              {"high_weeks", maybe_json(growth.high_weeks)},
                              {"reason", growth.reason},
                              {"stated_weeks", maybe_json(growth.stated_weeks)},
                              {"percentile", maybe_json(growth.percentile)}});
  json["sentences"] = Json::array();
  for (const auto& sentence : report.sentences) {
    Json evidence = Json::array();
    for (const auto& each : sentence.evidence) evidence.push_back(evidence_json(each));
    json["sentences"].push_back({{"section", sentence.section},
                                 {"text", sentence.text},
                                 {"evidence", evidence},
                                 {"edited", sentence.edited}});
  }
  json["warnings"] = report.warnings;
  json["steps"] = Json::array();
  for (const auto& step : report.steps)
    json["steps"].push_back({{"state", step.state},
                             {"by", step.by},
                             {"time", step.time},
                             {"changes", step.changes},
                             {"before", step.before}});
  return json;
}

Report report_from_json(const Json& json, const std::string& name) {
  const Keys keys(json, "", name);
  if (keys.text("schema", true) != kReportSchema)
    keys.fail("schema", fmt::format("'{}' is not {}", keys.text("schema"), kReportSchema));
  Report report;
  report.id = keys.text("id", true);
  report.state = keys.text("state", true);
  if (report.state != "draft" && report.state != "edited" && report.state != "signed" &&
      report.state != "amended")
    keys.fail("state", fmt::format("'{}' is none of draft, edited, signed, amended", report.state));
  report.created = keys.text("created");
  report.language = keys.text("language", true);
  report.program = keys.text("program");
  report.organ = keys.text("organ");
  report.model = keys.text("model");
  report.abstained = keys.flag("abstained");
  report.reason = keys.text("reason");
  report.outlier_score = keys.number("outlier_score", 0);
  report.study = study_of(Keys(keys.part("study"), "study", name));
  keys.each("findings", [&](const Json& each, const std::string& at) {
    const Keys row(each, at, name);
    ReportedFinding finding;
    read_finding(row, report.organ, finding);
    row.each("measurements", [&](const Json& told, const std::string& where) {
      const Keys about(told, where, name);
      finding.measurements.push_back({measurement_of(told, where, name), about.need_number("pixels"),
                                      about.maybe("mm"), about.text("reason")});
      const auto& made = finding.measurements.back();
      if (made.mm && (!(*made.mm > 0 && *made.mm < kMostMm) || !made.reason.empty()))
        about.fail("mm", "is no length, or stands beside a reason why there is none");
    });
    row.each("categories", [&](const Json& verdict, const std::string& where) {
      finding.verdicts.push_back(verdict_of(verdict, where, name));
    });
    report.findings.push_back(std::move(finding));
  });
  keys.each("growth", [&](const Json& each, const std::string& at) {
    const Keys row(each, at, name);
    Growth growth;
    growth.finding = static_cast<size_t>(row.whole("finding", 0));
    if (growth.finding >= std::max<size_t>(report.findings.size(), 1))
      row.fail("finding", "there is no such finding");
    growth.head_circumference_mm = row.number("head_circumference_mm", 0);
    growth.weeks = row.maybe("weeks"), growth.low_weeks = row.maybe("low_weeks"),
    growth.high_weeks = row.maybe("high_weeks");
    growth.reason = row.text("reason");
    growth.stated_weeks = row.maybe("stated_weeks"), growth.percentile = row.maybe("percentile");
    report.growth.push_back(growth);
  });
  keys.each("sentences", [&](const Json& each, const std::string& at) {
    const Keys row(each, at, name);
    Sentence sentence{row.text("section", true), row.text("text", true), {}, row.flag("edited")};
    row.each("evidence", [&](const Json& evidence, const std::string& where) {
      sentence.evidence.push_back(evidence_of(evidence, where, name));
    });
    report.sentences.push_back(std::move(sentence));
  });
  report.warnings = texts_at(keys, "warnings");
  keys.each("steps", [&](const Json& each, const std::string& at) {
    const Keys row(each, at, name);
    report.steps.push_back(
        {row.text("state", true), row.text("by"), row.text("time"), row.part("changes"), row.text("before")});
  });
  if (report.steps.empty() || report.steps.back().state != report.state)
    keys.fail("steps", fmt::format("do not end with the state '{}'", report.state));
  return report;
}

std::string report_bytes(const Report& report) {
  return to_json(report).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Report read_report(const std::string& path) {
  return report_from_json(read_json(path), path);
}

void write_report(const std::string& path, const Report& report) {
  write_file(path, report_bytes(report));
}

}  // namespace conclave::ultrasound
