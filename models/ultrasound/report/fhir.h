/// A report as a FHIR R4B bundle: Patient, DiagnosticReport, an Observation for each field, length and
/// category.
#pragma once

#include <string>

#include "framework/base/json.h"
#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

/// `pdf`: put into presentedForm; empty: the text alone. A draft or edited report is preliminary, a signed
/// one final, an amended one amended.
Json fhir_bundle(const Report& report, const std::string& pdf = "");

}  // namespace conclave::ultrasound
