/// Why something is not told, in the report's language.
#pragma once

#include <string>

namespace conclave::ultrasound {

/// `reason` as the program has it, in English; what the table does not know stays as it is. The fields that
/// it names are those of `organ`. language: "en" or "zh".
std::string reason_text(const std::string& reason, const std::string& organ, const std::string& language);

}  // namespace conclave::ultrasound
