/// From findings to a draft: millimetres from the files, categories from the tables, sentences from both.
#pragma once

#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

struct DraftOptions {
  std::string language = "en", program, time;  ///< time: now, in UTC
  std::optional<double> stated_weeks;          ///< gestational age known from elsewhere
};

/// The calibration of a frame of a source.
using CalibrationOf = std::function<dicom::Calibration(const std::string& source, int64_t frame)>;

Report draft_report(const Findings& findings, const StudyInfo& study, const CalibrationOf& calibration,
                    const DraftOptions& options);

/// Rules and sentences anew from the fields, after an edit; sentences that a reader wrote stay.
void derive(Report& report);

/// The time now as "2026-03-01T12:00:00Z".
std::string utc_now();

}  // namespace conclave::ultrasound
