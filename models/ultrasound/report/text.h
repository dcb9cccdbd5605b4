/// A report as plain text.
#pragma once

#include <string>

#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

/// In the report's language, with the research line first and last, the state, and the evidence behind
/// sentences.
std::string report_text(const Report& report);

/// Headings that every rendering uses: "title", "findings", "impression", "patient", ...
std::string heading(const std::string& key, const std::string& language);

}  // namespace conclave::ultrasound
