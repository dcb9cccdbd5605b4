/// A report as DICOM objects: Comprehensive SR by templates, Encapsulated PDF, Segmentation.
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

/// The masks of one DICOM picture as a binary Segmentation, one segment a finding; of a study of several
/// files, those of the first that has any. Empty when there are none.
std::string report_segmentation(const Report& report);

}  // namespace conclave::ultrasound
