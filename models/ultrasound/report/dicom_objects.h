/// A report as DICOM objects: Comprehensive SR by templates, and Encapsulated PDF.
#pragma once

#include <string>

#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

/// TID 1500 (Imaging Measurement Report); TID 5000 (OB-GYN) for a fetal head. A draft or edited report is
/// partial and preliminary, a signed or amended one complete and verified. Pictures are referenced where they
/// are DICOM objects. The bytes of the file; throws Error when it cannot be made.
std::string report_sr(const Report& report);

/// `pdf` within a DICOM object of the report's study.
std::string report_pdf_object(const Report& report, const std::string& pdf);

}  // namespace conclave::ultrasound
