#include "models/ultrasound/report/dicom_common.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/dicom/write.h"
#include "models/ultrasound/report/dicom_objects.h"

namespace conclave::ultrasound {
namespace {

std::string digits_of(const std::string& text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
               [](unsigned char c) { return std::isdigit(c); });
  return digits;
}

void put(DcmDataset& data, const DcmTagKey& tag, const std::string& value) {
  const OFCondition done = data.putAndInsertString(tag, value.c_str());
  require(done.good(), "the DICOM object cannot be made: {}", done.text());
}

}  // namespace

std::string study_uid(const Report& report) {
  return report.study.uid.empty() ? dicom::uid_of(report.id + "/study") : report.study.uid;
}

std::string dicom_date(const std::string& iso) {
  const std::string digits = digits_of(iso);
  return digits.size() >= 8 ? digits.substr(0, 8) : "";
}
std::string dicom_time(const std::string& iso) {
  const std::string digits = digits_of(iso);
  return digits.size() >= 14 ? digits.substr(8, 6) : "";
}

void put_common(DcmDataset& data, const Report& report, const std::string& part, const char* sop_class,
                const char* modality, const char* series_number) {
  const auto& study = report.study;
  const std::string step = report.id + "/" + std::to_string(report.steps.size()) + "/" + part;
  const std::string time = report.steps.back().time;
  put(data, DCM_SpecificCharacterSet, "ISO_IR 192");
  put(data, DCM_SOPClassUID, sop_class);
  put(data, DCM_SOPInstanceUID, dicom::uid_of(step));
  put(data, DCM_StudyInstanceUID, study_uid(report));
  put(data, DCM_SeriesInstanceUID, dicom::uid_of(report.id + "/" + part));
  put(data, DCM_Modality, modality);
  put(data, DCM_PatientName, study.patient.name);
  put(data, DCM_PatientID, study.patient.id);
  put(data, DCM_PatientBirthDate, study.patient.birth_date);
  put(data, DCM_PatientSex, study.patient.sex);
  put(data, DCM_StudyDate, study.date);
  put(data, DCM_StudyTime, "");
  put(data, DCM_ReferringPhysicianName, "");
  put(data, DCM_StudyID, "");
  put(data, DCM_AccessionNumber, study.accession);
  if (!study.description.empty()) put(data, DCM_StudyDescription, study.description.substr(0, 64));
  put(data, DCM_SeriesDescription, kResearchOnly);
  put(data, DCM_SeriesNumber, series_number);
  put(data, DCM_InstanceNumber, std::to_string(report.steps.size()));
  put(data, DCM_Manufacturer, "Conclave");
  put(data, DCM_ManufacturerModelName, "conclave-ultrasound");
  put(data, DCM_DeviceSerialNumber, "none");
  put(data, DCM_SoftwareVersions, report.program);
  put(data, DCM_ContentDate, dicom_date(time));
  put(data, DCM_ContentTime, dicom_time(time));
}

std::string report_pdf_object(const Report& report, const std::string& pdf) {
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  put_common(data, report, "pdf", UID_EncapsulatedPDFStorage, "DOC", "7002");
  put(data, DCM_ConversionType, "WSD");
  put(data, DCM_BurnedInAnnotation, "YES");
  put(data, DCM_AcquisitionDateTime, "");
  put(data, DCM_DocumentTitle, kResearchOnly);
  put(data, DCM_MIMETypeOfEncapsulatedDocument, "application/pdf");
  data.insertEmptyElement(DCM_ConceptNameCodeSequence);
  std::string even = pdf;
  data.putAndInsertUint32(DCM_EncapsulatedDocumentLength, static_cast<Uint32>(pdf.size()));
  if (even.size() % 2) even.push_back('\0');
  data.putAndInsertUint8Array(DCM_EncapsulatedDocument, reinterpret_cast<const Uint8*>(even.data()),
                              even.size());
  return dicom::file_bytes(file);
}

}  // namespace conclave::ultrasound
