/// A report in its files, each step in the audit log beside them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/ultrasound/report/pdf.h"

namespace conclave {

/// "json", "text", ...: what --format may name.
std::vector<std::string> report_formats();

/// The formats in comma-separated lists. Throws UsageError for an unknown one.
std::vector<std::string> parse_formats(const std::vector<std::string>& lists);

/// Writes DIR/NAME.EXTENSION for each format; the JSON is always written, after its record in
/// DIR/audit.jsonl. Returns the paths by format.
Json write_report_files(const ultrasound::Report& report, const std::filesystem::path& folder,
                        const std::string& name, const std::vector<std::string>& formats,
                        const std::string& actor, const std::string& action,
                        const ultrasound::FrameOf& frame_of);

/// The formats but "json" of a report that lies in `home`, into `folder`; each in the audit log of `home`.
Json export_report_files(const ultrasound::Report& report, const std::filesystem::path& home,
                         const std::filesystem::path& folder, const std::string& name,
                         const std::vector<std::string>& formats, const ultrasound::FrameOf& frame_of);

}  // namespace conclave
