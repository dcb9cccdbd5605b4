#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/dicom/write.h"
#include "models/ultrasound/report/dicom_common.h"
#include "models/ultrasound/report/dicom_objects.h"
#include "models/ultrasound/report/sentences.h"

namespace conclave::ultrasound {
namespace {

void put(DcmItem& to, const DcmTagKey& tag, const std::string& value) {
  const OFCondition done = to.putAndInsertString(tag, value.c_str());
  require(done.good(), "the segmentation cannot be made: {}", done.text());
}
void put_number(DcmItem& to, const DcmTagKey& tag, int64_t value) {
  to.putAndInsertUint16(tag, static_cast<Uint16>(value));
}
// A new item at the end of a sequence.
DcmItem& add(DcmItem& to, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  const OFCondition done = to.findOrCreateSequenceItem(sequence, item, -2);
  require(done.good() && item, "the segmentation cannot be made: {}", done.text());
  return *item;
}
void add_code(DcmItem& to, const DcmTagKey& sequence, const char* value, const char* scheme,
              const char* meaning) {
  DcmItem& item = add(to, sequence);
  put(item, DCM_CodeValue, value);
  put(item, DCM_CodingSchemeDesignator, scheme);
  put(item, DCM_CodeMeaning, meaning);
}

/// A segment is a finding with a mask on the one picture that all share.
struct Segment {
  const ReportedFinding* finding;
  size_t index;
};

void describe_segment(DcmItem& item, const Report& report, const Segment& segment, size_t number) {
  const std::string& kind = segment.finding->kind;
  put_number(item, DCM_SegmentNumber, static_cast<int64_t>(number));
  put(item, DCM_SegmentLabel, fmt::format("{} {}", kind_text(kind, "en"), segment.index + 1));
  if (kind == "fetal_head") {
    add_code(item, DCM_SegmentedPropertyCategoryCodeSequence, "123037004", "SCT", "Anatomical Structure");
    add_code(item, DCM_SegmentedPropertyTypeCodeSequence, "69536005", "SCT", "Head");
  } else {
    add_code(item, DCM_SegmentedPropertyCategoryCodeSequence, "49755003", "SCT",
             "Morphologically Abnormal Structure");
    if (kind == "thyroid_nodule")
      add_code(item, DCM_SegmentedPropertyTypeCodeSequence, "27925004", "SCT", "Nodule");
    else
      add_code(item, DCM_SegmentedPropertyTypeCodeSequence, "52988006", "SCT", "Lesion");
  }
  put(item, DCM_SegmentAlgorithmType, "AUTOMATIC");
  put(item, DCM_SegmentAlgorithmName, report.model.empty() ? report.program : report.model.substr(0, 64));
}

void refer(DcmItem& to, const Source& source) {
  put(to, DCM_ReferencedSOPClassUID, source.sop_class);
  put(to, DCM_ReferencedSOPInstanceUID, source.sop_instance);
}

void describe_frame(DcmItem& item, const Source& source, const Segment& segment, size_t number) {
  const auto index = static_cast<Uint32>(number);
  add(item, DCM_FrameContentSequence).putAndInsertUint32Array(DCM_DimensionIndexValues, &index, 1);
  put_number(add(item, DCM_SegmentIdentificationSequence), DCM_ReferencedSegmentNumber,
             static_cast<int64_t>(number));
  DcmItem& derivation = add(item, DCM_DerivationImageSequence);
  add_code(derivation, DCM_DerivationCodeSequence, "113076", "DCM", "Segmentation");
  DcmItem& image = add(derivation, DCM_SourceImageSequence);
  refer(image, source);
  if (source.frames > 1)
    put(image, DCM_ReferencedFrameNumber, std::to_string(segment.finding->evidence.frame + 1));
  add_code(image, DCM_PurposeOfReferenceCodeSequence, "121322", "DCM",
           "Source image for image processing operation");
}

// One bit a pixel, the lowest first, frames without a gap (PS3.5 8.1.1).
std::vector<Uint8> packed(const std::vector<Segment>& segments) {
  std::vector<Uint8> bits;
  size_t at = 0;
  for (const auto& segment : segments)
    for (const uint8_t pixel : segment.finding->mask->pixels) {
      if (at % 8 == 0) bits.push_back(0);
      if (pixel) bits.back() = static_cast<Uint8>(bits.back() | 1u << (at % 8));
      ++at;
    }
  if (bits.size() % 2) bits.push_back(0);
  return bits;
}

const Source* find_source(const Report& report, const ReportedFinding& finding) {
  for (const auto& source : report.study.sources)
    if ((finding.evidence.source.empty() || finding.evidence.source == source.name) &&
        !source.sop_instance.empty() && finding.mask && finding.mask->width == source.width &&
        finding.mask->height == source.height)
      return &source;
  return nullptr;
}

}  // namespace

std::string report_segmentation(const Report& report) {
  const Source* source = nullptr;
  std::vector<Segment> segments;
  for (size_t i = 0; i < report.findings.size(); ++i) {
    const Source* own = find_source(report, report.findings[i]);
    if (!source) source = own;
    if (own && own == source) segments.push_back({&report.findings[i], i});
  }
  if (segments.empty()) return "";
  DcmFileFormat file;
  DcmDataset& data = *file.getDataset();
  put_common(data, report, "seg", UID_SegmentationStorage, "SEG", "7003");
  put(data, DCM_ImageType, "DERIVED\\PRIMARY");
  put(data, DCM_ContentLabel, "SEGMENTATION");
  put(data, DCM_ContentDescription, kResearchOnly);
  put(data, DCM_ContentCreatorName, "");
  put(data, DCM_PatientOrientation, "");
  put(data, DCM_SegmentationType, "BINARY");
  put(data, DCM_PhotometricInterpretation, "MONOCHROME2");
  put(data, DCM_LossyImageCompression, "00");
  put(data, DCM_NumberOfFrames, std::to_string(segments.size()));
  for (const auto& [tag, value] : {std::pair{DCM_SamplesPerPixel, int64_t{1}},
                                   {DCM_PixelRepresentation, 0},
                                   {DCM_BitsAllocated, 1},
                                   {DCM_BitsStored, 1},
                                   {DCM_HighBit, 0},
                                   {DCM_Rows, source->height},
                                   {DCM_Columns, source->width}})
    put_number(data, tag, value);
  const std::string dimensions = dicom::uid_of(report.id + "/seg/dimensions");
  put(add(data, DCM_DimensionOrganizationSequence), DCM_DimensionOrganizationUID, dimensions);
  DcmItem& dimension = add(data, DCM_DimensionIndexSequence);
  put(dimension, DCM_DimensionOrganizationUID, dimensions);
  dimension.putAndInsertTagKey(DCM_DimensionIndexPointer, DCM_ReferencedSegmentNumber);
  dimension.putAndInsertTagKey(DCM_FunctionalGroupPointer, DCM_SegmentIdentificationSequence);
  add(data, DCM_SharedFunctionalGroupsSequence);
  for (size_t i = 0; i < segments.size(); ++i) {
    describe_segment(add(data, DCM_SegmentSequence), report, segments[i], i + 1);
    describe_frame(add(data, DCM_PerFrameFunctionalGroupsSequence), *source, segments[i], i + 1);
  }
  DcmItem& series = add(data, DCM_ReferencedSeriesSequence);
  put(series, DCM_SeriesInstanceUID, source->series_uid);
  refer(add(series, DCM_ReferencedInstanceSequence), *source);
  const auto bits = packed(segments);
  data.putAndInsertUint8Array(DCM_PixelData, bits.data(), bits.size());
  return dicom::file_bytes(file);
}

}  // namespace conclave::ultrasound
