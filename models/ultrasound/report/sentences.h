/// Sentences out of fields, in English and Chinese, each with the frame and box that it rests on.
#pragma once

#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

/// In report.language. Throws UsageError for a language other than "en" and "zh".
std::vector<Sentence> write_sentences(const Report& report);

/// "breast lesion", "乳腺病灶".
std::string kind_text(const std::string& kind, const std::string& language);
/// "long axis", "长径".
std::string measurement_text(const std::string& name, const std::string& language);
/// "12.3 mm", "40.5 px".
std::string length_text(const ReportedMeasurement& measurement);

}  // namespace conclave::ultrasound
