/// A report as PDF: A4 pages of text with the key pictures, their boxes, outlines and measurements.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "framework/dicom/frame.h"
#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

/// The frame of a source, where its file can still be read.
using FrameOf = std::function<std::optional<dicom::Frame>(const std::string& source, int64_t frame)>;

/// The bytes of the file; the same report and frames give the same bytes with the same fonts. Throws Error
/// when it cannot be made.
std::string report_pdf(const Report& report, const FrameOf& frame_of);

}  // namespace conclave::ultrasound
