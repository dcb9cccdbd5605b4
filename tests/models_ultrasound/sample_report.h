/// A breast study and a fetal head with findings as a model would give them.
#pragma once

#include <cmath>

#include "models/ultrasound/report/draft.h"

namespace conclave::testing {

inline ultrasound::Findings breast_findings() {
  using namespace ultrasound;
  Findings findings;
  findings.organ = "breast";
  findings.model = "test model 1";
  Finding lesion;
  lesion.kind = "breast_lesion";
  lesion.confidence = 0.93;
  lesion.evidence = {"", 0, Box{100, 120, 80, 60}};
  Mask mask{640, 480, std::vector<uint8_t>(640 * 480)};
  for (int y = 120; y < 180; ++y)
    for (int x = 100; x < 180; ++x) mask.pixels[static_cast<size_t>(y * 640 + x)] = 1;
  lesion.mask = std::move(mask);
  lesion.fields = {
      {"side", "left", 0.8, false, "", {}, std::nullopt},
      {"margin",
       "",
       0.4,
       true,
       "two values are as likely",
       {{"indistinct", 0.4}, {"angular", 0.4}},
       std::nullopt},
      {"pathology", "malignant", 0.7, false, "", {{"benign", 0.3}, {"malignant", 0.7}}, std::nullopt}};
  lesion.measurements = {
      {"long_axis", MeasurementKind::line, lesion.evidence, {100, 150}, {180, 150}, {}, 0.9},
      {"short_axis", MeasurementKind::line, lesion.evidence, {140, 120}, {140, 180}, {}, 0.9}};
  findings.findings.push_back(std::move(lesion));
  return findings;
}

inline ultrasound::Findings head_findings() {
  using namespace ultrasound;
  Findings findings;
  findings.organ = "fetal_head";
  findings.model = "test model 1";
  Finding head;
  head.kind = "fetal_head";
  head.confidence = 0.99;
  head.evidence = {"", 0, Box{120, 90, 400, 300}};
  head.measurements = {{"head_circumference",
                        MeasurementKind::ellipse,
                        head.evidence,
                        {},
                        {},
                        {{320, 240}, 200, 150, 0.1},
                        0.97}};
  findings.findings.push_back(std::move(head));
  return findings;
}

inline dicom::Calibration calibrated(double cm = 0.02) {
  return {640, 480, {{0, 0, 639, 479, 3, 3, cm, cm, 1, 1}}, std::nullopt, std::nullopt};
}

inline ultrasound::StudyInfo sample_study() {
  ultrasound::StudyInfo study;
  study.uid = "1.2.826.0.1.3680043.2.1143.77.2";
  study.date = "20260301";
  study.accession = "ACC7";
  study.description = "Breast US";
  study.patient = {"Doe^Jane", "MRN-4711", "19700102", "F"};
  study.sources = {{"scan.dcm", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.826.0.1.3680043.2.1143.77.1",
                    "1.2.826.0.1.3680043.2.1143.77.3", 1, 640, 480}};
  return study;
}

inline ultrasound::Report sample_report(const ultrasound::Findings& findings,
                                        const std::string& language = "en") {
  return draft_report(findings, sample_study(), [](const std::string&, int64_t) { return calibrated(); },
                      {language, "conclave-ultrasound 0.1.0", "2026-03-01T12:00:00Z", std::nullopt});
}

}  // namespace conclave::testing
