/// A report in its files, each step in the audit log beside them.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "framework/dicom/frame.h"
#include "models/ultrasound/report/report.h"

namespace conclave {

/// "json", "text", ...: what --format may name.
std::vector<std::string> report_formats();

/// The frame of a source, where its file can still be read.
using FrameOf = std::function<std::optional<dicom::Frame>(const std::string& source, int64_t frame)>;

/// Writes DIR/NAME.EXTENSION for each format; the JSON is always written, after its record in
/// DIR/audit.jsonl. Returns the paths by format.
Json write_report_files(const ultrasound::Report& report, const std::filesystem::path& folder,
                        const std::string& name, const std::vector<std::string>& formats,
                        const std::string& actor, const std::string& action, const FrameOf& frame_of);

}  // namespace conclave
