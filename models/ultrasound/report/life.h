/// A report's life: draft -> edited -> signed -> amended, each step with name, time and what changed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

struct Edit {
  struct Set {
    size_t finding;
    std::string field, value;  ///< an empty value: left open by the reader
  };
  std::vector<Set> set;
  std::optional<std::string> findings_text, impression_text;  ///< in place of the sentences of that section
};

/// "0.margin=spiculated" -> finding 0. Throws UsageError.
Edit::Set parse_set(const std::string& text);

/// The report after a reader's edit, rules and sentences derived anew. A signed report becomes amended.
/// Throws UsageError for an unknown finding, field or value, an edit that changes nothing, or an empty name.
Report edit_report(const Report& report, const Edit& edit, const std::string& reader,
                   const std::string& time);

/// Throws UsageError unless it is a draft or edited, and for an empty name.
Report sign_report(const Report& report, const std::string& reader, const std::string& time);

}  // namespace conclave::ultrasound
