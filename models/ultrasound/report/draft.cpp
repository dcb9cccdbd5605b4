#include "models/ultrasound/report/draft.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "framework/base/sha256.h"
#include "models/ultrasound/report/ellipse_length.h"
#include "models/ultrasound/report/sentences.h"
#include "models/ultrasound/rules/growth.h"

namespace conclave::ultrasound {
namespace {

ReportedMeasurement reported(const Measurement& measured, const CalibrationOf& calibration_of) {
  ReportedMeasurement told{measured, 0, std::nullopt, ""};
  const auto calibration = calibration_of(measured.evidence.source, measured.evidence.frame);
  if (measured.kind == MeasurementKind::line) {
    const auto length =
        dicom::line_length(calibration, {measured.from.x, measured.from.y}, {measured.to.x, measured.to.y});
    told.pixels = length.pixels, told.mm = length.mm, told.reason = length.scale.reason;
    return told;
  }
  const auto length = ellipse_length(calibration, measured.ellipse);
  told.pixels = length.pixels, told.mm = length.mm, told.reason = length.scale.reason;
  return told;
}

Facts facts_of(const ReportedFinding& finding, const std::string& organ) {
  Facts facts;
  for (const auto& field : finding.fields) {
    if (field.abstained || field.value.empty() || !find_field(organ, field.name)) continue;
    facts.fields[field.name] = check_value(organ, field.name, field.value);
    // A reader's word is no probability: 1 would make every reader's "malignant" the highest category.
    if (const auto malignant = field.probabilities.find("malignant");
        field.name == "pathology" && malignant != field.probabilities.end())
      facts.numbers["malignancy"] = malignant->second;
  }
  for (const auto& measurement : finding.measurements)
    if (measurement.mm) facts.numbers.emplace(measurement.measured.name + "_mm", *measurement.mm);
  return facts;
}

void derive_growth(Report& report) {
  std::optional<double> stated;
  for (const auto& known : report.growth)
    if (known.stated_weeks) stated = known.stated_weeks;
  report.growth.clear();
  for (size_t i = 0; i < report.findings.size(); ++i)
    for (const auto& measurement : report.findings[i].measurements) {
      if (measurement.measured.name != "head_circumference") continue;
      Growth growth;
      growth.finding = i;
      growth.stated_weeks = stated;
      if (!measurement.mm) {
        growth.reason = measurement.reason;
      } else {
        growth.head_circumference_mm = *measurement.mm;
        if (const auto age = gestational_age(*measurement.mm)) {
          growth.weeks = age->weeks, growth.low_weeks = age->low, growth.high_weeks = age->high;
        } else {
          growth.reason = "the circumference is outside what the formula was made for (12 to 42 weeks)";
        }
        if (stated) growth.percentile = head_percentile(*measurement.mm, *stated);
      }
      report.growth.push_back(growth);
    }
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void derive(Report& report) {
  for (auto& finding : report.findings) {
    finding.verdicts.clear();
    for (const auto& table : rule_tables())
      if (table.organ == report.organ)
        finding.verdicts.push_back(judge(table, facts_of(finding, report.organ)));
  }
  derive_growth(report);
  auto fresh = write_sentences(report);
  std::vector<Sentence> kept;
  std::copy_if(report.sentences.begin(), report.sentences.end(), std::back_inserter(kept),
               [](const Sentence& sentence) { return sentence.edited; });
  // A section that a reader has written is the reader's; the others are written anew.
  std::erase_if(fresh, [&](const Sentence& sentence) {
    return std::any_of(kept.begin(), kept.end(),
                       [&](const Sentence& own) { return own.section == sentence.section; });
  });
  report.sentences = std::move(fresh);
  report.sentences.insert(report.sentences.end(), kept.begin(), kept.end());
  std::stable_sort(report.sentences.begin(), report.sentences.end(),
                   [](const Sentence& a, const Sentence& b) { return a.section < b.section; });
}

Report draft_report(const Findings& findings, const StudyInfo& study, const CalibrationOf& calibration,
                    const DraftOptions& options) {
  Report report;
  report.created = options.time;
  report.language = options.language;
  report.program = options.program;
  report.organ = findings.organ;
  report.model = findings.model;
  report.abstained = findings.abstained;
  report.reason = findings.reason;
  report.outlier_score = findings.outlier_score;
  report.study = study;
  report.warnings = findings.warnings;
  report.id = sha256(to_json(findings).dump() + study.uid + options.time).substr(0, 32);
  for (const auto& found : findings.findings) {
    ReportedFinding finding{found.kind, found.confidence, found.evidence, found.mask, found.fields, {}, {}};
    for (const auto& measurement : found.measurements)
      finding.measurements.push_back(reported(measurement, calibration));
    report.findings.push_back(std::move(finding));
  }
  if (options.stated_weeks) report.growth.push_back({0, 0, {}, {}, {}, "", options.stated_weeks, {}});
  derive(report);
  report.steps.push_back({"draft", options.program, options.time, Json::array(), ""});
  return report;
}

}  // namespace conclave::ultrasound
