/// The one model of a report: everything that is rendered (text, PDF, DICOM, FHIR) is read from here.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/dicom/region.h"
#include "models/ultrasound/findings.h"
#include "models/ultrasound/rules/rule_table.h"

namespace conclave::ultrasound {

inline constexpr const char* kReportSchema = "conclave-ultrasound-report/1";
inline constexpr const char* kResearchOnly = "Research use only, not for clinical use";
inline constexpr const char* kResearchOnlyChinese = "仅供研究使用，不得用于临床";

struct Patient {
  std::string name, id, birth_date, sex;
};

/// One file that the report is about.
struct Source {
  std::string name;  ///< as Evidence::source has it
  std::string sop_class, sop_instance, series_uid;
  int64_t frames = 1, width = 0, height = 0;
  std::string sha256 = {};  ///< of a file without UIDs: two pictures may have one name
};

struct StudyInfo {
  std::string uid, date, accession, description;
  Patient patient;
  std::vector<Source> sources;
};

/// A measurement with what the file's calibration makes of it.
struct ReportedMeasurement {
  Measurement measured;
  double pixels = 0;  ///< length, or circumference of an ellipse
  std::optional<double> mm;
  std::string reason;  ///< why there are no millimetres
};

struct ReportedFinding {
  std::string kind;
  double confidence = 0;
  Evidence evidence;
  std::optional<Mask> mask;
  std::vector<Field> fields;
  std::vector<ReportedMeasurement> measurements;
  std::vector<Verdict> verdicts;
};

/// Age and growth from a head circumference.
struct Growth {
  size_t finding = 0;
  double head_circumference_mm = 0;
  std::optional<double> weeks, low_weeks, high_weeks;
  std::string reason;                  ///< why there is no age
  std::optional<double> stated_weeks;  ///< known from elsewhere; the percentile is of this age
  std::optional<double> percentile;
};

struct Sentence {
  std::string section;  ///< "findings", "impression"
  std::string text;
  std::vector<Evidence> evidence;
  bool edited = false;  ///< a reader wrote it: it is not written anew
};

/// One step of a report's life.
struct Step {
  std::string state, by, time;   ///< "draft", "edited", "signed", "amended"; time in UTC, ISO 8601
  Json changes = Json::array();  ///< RFC 6902, from the state before
  std::string before;            ///< SHA-256 of the report before; empty for a draft
};

struct Report {
  std::string id, state = "draft", created, language = "en", program;
  std::string organ, model;
  bool abstained = false;
  std::string reason;
  double outlier_score = 0;
  StudyInfo study;
  std::vector<ReportedFinding> findings;
  std::vector<Growth> growth;
  std::vector<Sentence> sentences;
  std::vector<std::string> warnings;
  std::vector<Step> steps;
};

Json to_json(const Report& report);
/// Throws DataError that names the key for anything that to_json would not write.
Report report_from_json(const Json& json, const std::string& name);

Json to_json(const Findings& findings);
/// What a findings file holds. Throws DataError that names the key, also for a field or value that the
/// lexicon lacks.
Findings findings_from_json(const Json& json, const std::string& name);

/// Runs over rows: skipped, set, skipped, set, ...
Json mask_json(const Mask& mask);
Mask mask_from_json(const Json& json, const std::string& name);

/// A report file, checked. Throws DataError.
Report read_report(const std::string& path);
/// Written whole or not at all.
void write_report(const std::string& path, const Report& report);
/// What is hashed: the report as it is written.
std::string report_bytes(const Report& report);

}  // namespace conclave::ultrasound
