#include "models/ultrasound/report/fhir.h"

#include <algorithm>

#include "framework/base/base64.h"
#include "framework/base/sha256.h"
#include "models/ultrasound/report/sentences.h"
#include "models/ultrasound/report/text.h"

namespace conclave::ultrasound {
namespace {

constexpr const char* kSystem = "urn:conclave:ultrasound";  // our own codes

std::string status_of(const Report& report) {
  if (report.state == "signed") return "final";
  return report.state == "amended" ? "amended" : "preliminary";
}

// "20110525" -> "2011-05-25"; empty when it is no date.
std::string date_of(const std::string& dicom) {
  if (dicom.size() != 8 ||
      !std::all_of(dicom.begin(), dicom.end(), [](unsigned char c) { return std::isdigit(c); }))
    return "";
  return dicom.substr(0, 4) + "-" + dicom.substr(4, 2) + "-" + dicom.substr(6);
}

Json concept_of(const std::string& code, const std::string& words) {
  return {{"coding", {{{"system", kSystem}, {"code", code}, {"display", words}}}}, {"text", words}};
}

// A name-based UUID of the report and a part of it: the same report gives the same bundle.
std::string urn(const Report& report, const std::string& part) {
  std::string hex = sha256(report.id + "/" + part).substr(0, 32);
  hex[12] = '5';
  hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) % 4];
  return fmt::format("urn:uuid:{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

class Bundle {
 public:
  explicit Bundle(const Report& report)
      : report_(report), patient_(urn(report, "patient")), device_(urn(report, "device")) {}

  Json run(const std::string& pdf) {
    for (size_t i = 0; i < report_.findings.size(); ++i) observe(report_.findings[i], i);
    for (size_t i = 0; i < report_.growth.size(); ++i) observe(report_.growth[i], i);
    Json entries = Json::array();
    entries.push_back({{"fullUrl", urn(report_, "report")}, {"resource", diagnostic_report(pdf)}});
    entries.push_back({{"fullUrl", patient_}, {"resource", patient()}});
    entries.push_back({{"fullUrl", device_}, {"resource", device()}});
    for (auto& entry : observations_) entries.push_back(std::move(entry));
    return {{"resourceType", "Bundle"},
            {"type", "collection"},
            {"timestamp", report_.steps.back().time},
            {"entry", entries}};
  }

 private:
  Json patient() const {
    const auto& known = report_.study.patient;
    Json patient = {{"resourceType", "Patient"}};
    if (!known.id.empty()) patient["identifier"] = {{{"value", known.id}}};
    if (!known.name.empty()) patient["name"] = {{{"text", known.name}}};
    if (!known.sex.empty())
      patient["gender"] = known.sex == "F" ? "female" : known.sex == "M" ? "male" : "other";
    if (const auto date = date_of(known.birth_date); !date.empty()) patient["birthDate"] = date;
    return patient;
  }

  Json device() const {
    return {{"resourceType", "Device"},
            {"deviceName",
             {{{"name", report_.model.empty() ? "no model" : report_.model}, {"type", "model-name"}}}},
            {"note", {{{"text", kResearchOnly}}}}};
  }

  Json diagnostic_report(const std::string& pdf) const {
    Json report = {{"resourceType", "DiagnosticReport"},
                   {"identifier", {{{"system", kSystem}, {"value", report_.id}}}},
                   {"status", status_of(report_)},
                   {"category", {concept_of("ultrasound", "Ultrasound")}},
                   {"code", concept_of("ultrasound-report",
                                       "Ultrasound report (research use only, not for clinical use)")},
                   {"subject", {{"reference", patient_}}},
                   {"issued", report_.steps.back().time}};
    if (const auto date = date_of(report_.study.date); !date.empty()) report["effectiveDateTime"] = date;
    for (const auto& step : report_.steps)
      if (step.state == "signed" || step.state == "amended") {
        if (!report.contains("resultsInterpreter")) report["resultsInterpreter"] = Json::array();
        report["resultsInterpreter"].push_back({{"display", step.by}});
      }
    if (!observations_.empty()) {
      report["result"] = Json::array();
      for (const auto& entry : observations_) report["result"].push_back({{"reference", entry["fullUrl"]}});
    }
    std::string conclusion;
    for (const auto& sentence : report_.sentences)
      if (sentence.section == "impression") conclusion += (conclusion.empty() ? "" : " ") + sentence.text;
    if (!conclusion.empty()) report["conclusion"] = conclusion;
    Json codes = Json::array();
    for (const auto& finding : report_.findings)
      for (const auto& verdict : finding.verdicts)
        if (!verdict.category.empty())
          codes.push_back(concept_of(verdict.category, verdict.table + " " + verdict.category));
    if (!codes.empty()) report["conclusionCode"] = codes;
    const std::string& bytes = pdf.empty() ? report_text(report_) : pdf;
    report["presentedForm"] = {
        {{"contentType", pdf.empty() ? "text/plain; charset=utf-8" : "application/pdf"},
         {"language", report_.language},
         {"data", to_base64(bytes)},
         {"title", "Research use only, not for clinical use"}}};
    return report;
  }

  Json& add(const std::string& part, const Json& code) {
    const bool made_by_model = report_.state == "draft";
    Json observation = {{"resourceType", "Observation"},
                        {"status", status_of(report_)},
                        {"code", code},
                        {"subject", {{"reference", patient_}}}};
    if (made_by_model) observation["device"] = {{"reference", device_}};
    observations_.push_back({{"fullUrl", urn(report_, part)}, {"resource", std::move(observation)}});
    return observations_.back()["resource"];
  }

  static Json absent(const char* why) {
    return {{"coding",
             {{{"system", "http://terminology.hl7.org/CodeSystem/data-absent-reason"}, {"code", why}}}}};
  }

  void observe(const ReportedFinding& finding, size_t index) {
    const std::string place = fmt::format("finding/{}", index);
    const std::string title = fmt::format("{} {}", kind_text(finding.kind, report_.language), index + 1);
    for (const auto& field : finding.fields) {
      const FieldTerms* terms = find_field(report_.organ, field.name);
      if (!terms) continue;
      Json& observation = add(place + "/field/" + field.name,
                              concept_of(field.name, words_of(terms->field, report_.language)));
      observation["focus"] = {{{"display", title}}};
      if (field.abstained || field.value.empty()) {
        observation["dataAbsentReason"] = absent("unknown");
        if (!field.reason.empty()) observation["note"] = {{{"text", field.reason}}};
        continue;
      }
      Json coding = Json::array();
      for (const auto& code : check_value(report_.organ, field.name, field.value))
        for (const auto& term : terms->values)
          if (term.code == code)
            coding.push_back(
                {{"system", kSystem}, {"code", code}, {"display", words_of(term, report_.language)}});
      observation["valueCodeableConcept"] = {{"coding", coding}};
      Json part = {{"code", concept_of("confidence", "confidence")},
                   {"valueQuantity", {{"value", field.confidence}}}};
      observation["component"] = Json::array({part});
    }
    for (size_t m = 0; m < finding.measurements.size(); ++m) {
      const auto& measurement = finding.measurements[m];
      const auto& name = measurement.measured.name;
      Json& observation = add(fmt::format("{}/measurement/{}", place, m),
                              concept_of(name, measurement_text(name, report_.language)));
      observation["focus"] = {{{"display", title}}};
      if (measurement.mm) {
        observation["valueQuantity"] = {{"value", *measurement.mm},
                                        {"unit", "mm"},
                                        {"system", "http://unitsofmeasure.org"},
                                        {"code", "mm"}};
      } else {
        observation["dataAbsentReason"] = absent("not-performed");
        observation["note"] = {
            {{"text", fmt::format("{}: {}", length_text(measurement), measurement.reason)}}};
      }
    }
    for (const auto& verdict : finding.verdicts) {
      Json& observation = add(place + "/category/" + verdict.table, concept_of(verdict.table, verdict.table));
      observation["focus"] = {{{"display", title}}};
      if (verdict.category.empty()) {
        observation["dataAbsentReason"] = absent("unknown");
        observation["note"] = {{{"text", verdict.reason}}};
      } else {
        observation["valueCodeableConcept"] =
            concept_of(verdict.category, verdict.table + " " + verdict.category);
      }
    }
  }

  void observe(const Growth& growth, size_t index) {
    const std::string place = fmt::format("growth/{}", index);
    Json& age = add(place + "/age",
                    concept_of("gestational_age", "gestational age by head circumference (Hadlock 1984)"));
    if (growth.weeks)
      age["valueQuantity"] = {{"value", *growth.weeks},
                              {"unit", "weeks"},
                              {"system", "http://unitsofmeasure.org"},
                              {"code", "wk"}};
    else
      age["dataAbsentReason"] = absent("unknown"), age["note"] = {{{"text", growth.reason}}};
    if (!growth.percentile) return;
    Json& rank = add(place + "/percentile",
                     concept_of("growth_percentile", "head circumference percentile (INTERGROWTH-21st)"));
    rank["valueQuantity"] = {
        {"value", *growth.percentile}, {"unit", "%"}, {"system", "http://unitsofmeasure.org"}, {"code", "%"}};
  }

  const Report& report_;
  const std::string patient_, device_;
  std::vector<Json> observations_;
};

}  // namespace

Json fhir_bundle(const Report& report, const std::string& pdf) {
  return Bundle(report).run(pdf);
}

}  // namespace conclave::ultrasound
