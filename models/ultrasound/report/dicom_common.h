/// What the DICOM objects of a report share. Kept out of the public headers, which know no DCMTK.
#pragma once

#include <string>

#include "models/ultrasound/report/report.h"

class DcmDataset;

namespace conclave::ultrasound {

/// Patient, study, series, equipment and SOP common attributes; `part` tells the report's objects apart.
void put_common(DcmDataset& data, const Report& report, const std::string& part, const char* sop_class,
                const char* modality, const char* series_number);

/// The study's UID, or one made from the report.
std::string study_uid(const Report& report);

/// "20260301" and "120000" of an ISO time.
std::string dicom_date(const std::string& iso);
std::string dicom_time(const std::string& iso);

}  // namespace conclave::ultrasound
