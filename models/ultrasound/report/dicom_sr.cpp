#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmsr/codes/dcm.h>
#include <dcmtk/dcmsr/codes/ucum.h>
#include <dcmtk/dcmsr/dsrdoc.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "framework/dicom/write.h"
#include "models/ultrasound/report/dicom_common.h"
#include "models/ultrasound/report/dicom_objects.h"
#include "models/ultrasound/report/sentences.h"
#include "models/ultrasound/report/text.h"

namespace conclave::ultrasound {
namespace {

constexpr const char* kScheme = "99CONCLAVE";  // our own codes

void check(const OFCondition& done, const char* what) {
  require(done.good(), "the SR cannot be made: {}: {}", what, done.text());
}

// A code's meaning is at most 64 letters long.
DSRCodedEntryValue own_code(const std::string& code, const std::string& meaning) {
  std::string value = code.substr(0, 16);
  return {value, kScheme, meaning};
}

std::string number_text(double value) {
  return fmt::format("{:.10g}", value);
}

class SrWriter {
 public:
  explicit SrWriter(const Report& report) : report_(report), tree_(document_.getTree()) {}

  std::string run() {
    check(document_.createNewDocument(DSRTypes::DT_ComprehensiveSR), "document");
    document_.setSpecificCharacterSetType(DSRTypes::CS_UTF8);
    document_.getCodingSchemeIdentification().addItem(kScheme);
    document_.getCodingSchemeIdentification().setCodingSchemeName("Codes of conclave-ultrasound");
    const bool obstetric = report_.organ == "fetal_head";
    tree_.addContentItem(DSRTypes::RT_isRoot, DSRTypes::VT_Container);
    name(obstetric ? DSRCodedEntryValue(CODE_DCM_OBGYNUltrasoundProcedureReport)
                   : DSRCodedEntryValue(CODE_DCM_ImagingMeasurementReport));
    tree_.getCurrentContentItem().setTemplateIdentification(obstetric ? "5000" : "1500", "DCMR");
    down();
    language();
    observers();
    obstetric ? obstetric_body() : measurement_body();
    return finish();
  }

 private:
  // The current item becomes the parent of those that follow, until up().
  void down() { first_ = true; }
  void up() {
    if (!first_) tree_.goUp();
    first_ = false;
  }
  void add(DSRTypes::E_RelationshipType relation, DSRTypes::E_ValueType type,
           const DSRCodedEntryValue& concept_name) {
    const size_t node =
        tree_.addContentItem(relation, type, first_ ? DSRTypes::AM_belowCurrent : DSRTypes::AM_afterCurrent);
    require(node != 0, "the SR cannot be made: {} may not stand here", concept_name.getCodeMeaning().c_str());
    first_ = false;
    if (concept_name.isValid()) name(concept_name);
  }
  void name(const DSRCodedEntryValue& concept_name) {
    check(tree_.getCurrentContentItem().setConceptName(concept_name), concept_name.getCodeMeaning().c_str());
  }
  void container(const DSRCodedEntryValue& title, const char* template_id = nullptr) {
    add(DSRTypes::RT_contains, DSRTypes::VT_Container, title);
    if (template_id) tree_.getCurrentContentItem().setTemplateIdentification(template_id, "DCMR");
  }
  void text(DSRTypes::E_RelationshipType relation, const DSRCodedEntryValue& title,
            const std::string& words) {
    add(relation, DSRTypes::VT_Text, title);
    check(tree_.getCurrentContentItem().setStringValue(words), "text");
  }
  void code(DSRTypes::E_RelationshipType relation, const DSRCodedEntryValue& title,
            const DSRCodedEntryValue& value) {
    add(relation, DSRTypes::VT_Code, title);
    check(tree_.getCurrentContentItem().setCodeValue(value), "code");
  }
  void uid(DSRTypes::E_RelationshipType relation, const DSRCodedEntryValue& title, const std::string& value) {
    add(relation, DSRTypes::VT_UIDRef, title);
    check(tree_.getCurrentContentItem().setStringValue(value), "UID");
  }
  void number(const DSRCodedEntryValue& title, double value, const DSRCodedEntryValue& unit) {
    add(DSRTypes::RT_contains, DSRTypes::VT_Num, title);
    check(tree_.getCurrentContentItem().setNumericValue(DSRNumericMeasurementValue(number_text(value), unit)),
          "number");
  }

  void language() {
    const bool chinese = report_.language == "zh";
    code(DSRTypes::RT_hasConceptMod, CODE_DCM_LanguageOfContentItemAndDescendants,
         chinese ? DSRCodedEntryValue("zh", "RFC5646", "Chinese")
                 : DSRCodedEntryValue("en", "RFC5646", "English"));
  }

  void observers() {
    for (const auto& step : report_.steps) {
      if (step.state != "signed" && step.state != "amended") continue;
      code(DSRTypes::RT_hasObsContext, CODE_DCM_ObserverType, CODE_DCM_Person);
      add(DSRTypes::RT_hasObsContext, DSRTypes::VT_PName, CODE_DCM_PersonObserverName);
      check(tree_.getCurrentContentItem().setStringValue(step.by), "name");
    }
    code(DSRTypes::RT_hasObsContext, CODE_DCM_ObserverType, CODE_DCM_Device);
    uid(DSRTypes::RT_hasObsContext, CODE_DCM_DeviceObserverUID,
        dicom::uid_of("device/" + report_.program + report_.model));
    text(DSRTypes::RT_hasObsContext, CODE_DCM_DeviceObserverName,
         report_.model.empty() ? report_.program : report_.model);
  }

  const Source* source_of(const Evidence& evidence) const {
    for (const auto& source : report_.study.sources)
      if ((evidence.source.empty() || evidence.source == source.name) && !source.sop_instance.empty())
        return &source;
    return nullptr;
  }

  void image(DSRTypes::E_RelationshipType relation, const Source& source, std::optional<int64_t> frame) {
    DSRImageReferenceValue value(source.sop_class, source.sop_instance);
    if (frame && source.frames > 1) value.getFrameList().addItem(static_cast<Sint32>(*frame + 1));
    add(relation, DSRTypes::VT_Image, {});
    check(tree_.getCurrentContentItem().setImageReference(value), "image");
    document_.getCurrentRequestedProcedureEvidence().addItem(study_uid(report_), source.series_uid,
                                                             source.sop_class, source.sop_instance);
  }

  // Points of an image, from the upper left corner of its upper left pixel (PS3.3 C.18.6).
  void shape(DSRTypes::E_RelationshipType relation, const DSRCodedEntryValue& title,
             DSRTypes::E_GraphicType type, const std::vector<Point>& points, const Evidence& evidence) {
    const Source* source = source_of(evidence);
    if (!source) return;
    DSRSpatialCoordinatesValue value(type);
    for (const auto& point : points)
      value.getGraphicDataList().addItem(static_cast<Float32>(point.x + 0.5),
                                         static_cast<Float32>(point.y + 0.5));
    add(relation, DSRTypes::VT_SCoord, title);
    check(tree_.getCurrentContentItem().setSpatialCoordinates(value), "coordinates");
    down();
    image(DSRTypes::RT_selectedFrom, *source, evidence.frame);
    up();
  }

  static std::vector<Point> ends_of(const Ellipse& ellipse) {
    const double c = std::cos(ellipse.angle), s = std::sin(ellipse.angle), a = ellipse.long_half,
                 b = ellipse.short_half;
    const auto& [x, y] = ellipse.center;
    return {{x - a * c, y - a * s}, {x + a * c, y + a * s}, {x + b * s, y - b * c}, {x - b * s, y + b * c}};
  }

  void shape_of(const Measurement& measured) {
    if (measured.kind == MeasurementKind::line)
      shape(DSRTypes::RT_inferredFrom, {}, DSRTypes::GT_Polyline, {measured.from, measured.to},
            measured.evidence);
    else
      shape(DSRTypes::RT_inferredFrom, {}, DSRTypes::GT_Ellipse, ends_of(measured.ellipse),
            measured.evidence);
  }

  static DSRCodedEntryValue name_of(const std::string& measurement) {
    if (measurement == "long_axis") return {"103339001", "SCT", "Long Axis"};
    if (measurement == "short_axis") return {"103340004", "SCT", "Short Axis"};
    if (measurement == "head_circumference") return {"11984-2", "LN", "Head Circumference"};
    if (measurement == "biparietal_diameter") return {"11820-8", "LN", "Biparietal Diameter"};
    if (measurement == "occipitofrontal_diameter") return {"11851-3", "LN", "Occipital-Frontal Diameter"};
    return own_code(measurement, measurement);
  }

  // What has no millimetres is told as text: a number without a unit that holds would be taken for one.
  void measurement(const ReportedMeasurement& told) {
    const auto title = name_of(told.measured.name);
    if (told.mm) {
      number(title, *told.mm, {"mm", "UCUM", "mm"});
      down();
      shape_of(told.measured);
      up();
    } else {
      text(DSRTypes::RT_contains, own_code("uncalibrated", "Measurement without calibration"),
           fmt::format("{}: {}: {}", measurement_text(told.measured.name, report_.language),
                       length_text(told), told.reason));
    }
  }

  void field(const Field& field) {
    const FieldTerms* terms = find_field(report_.organ, field.name);
    if (!terms || field.abstained || field.value.empty()) return;
    for (const auto& value : check_value(report_.organ, field.name, field.value))
      for (const auto& term : terms->values)
        if (term.code == value)
          code(DSRTypes::RT_contains, own_code(field.name, words_of(terms->field, report_.language)),
               own_code(term.code, words_of(term, report_.language)));
  }

  void sentences() {
    text(DSRTypes::RT_contains, own_code("notice", "Intended use"), heading("research", report_.language));
    for (const auto& sentence : report_.sentences) {
      text(DSRTypes::RT_contains,
           sentence.section == "impression" ? DSRCodedEntryValue(CODE_DCM_Impression)
                                            : DSRCodedEntryValue(CODE_DCM_Finding),
           sentence.text);
      down();
      for (const auto& evidence : sentence.evidence)
        if (const Source* source = source_of(evidence))
          image(DSRTypes::RT_inferredFrom, *source, evidence.frame);
      up();
    }
    for (const auto& finding : report_.findings)
      for (const auto& verdict : finding.verdicts)
        if (!verdict.category.empty())
          code(DSRTypes::RT_contains, own_code(verdict.table, verdict.table),
               own_code(verdict.category, verdict.table + " " + verdict.category));
  }

  void image_library() {
    if (std::none_of(report_.study.sources.begin(), report_.study.sources.end(),
                     [](const Source& source) { return !source.sop_instance.empty(); }))
      return;
    container(CODE_DCM_ImageLibrary);
    down();
    container(CODE_DCM_ImageLibraryGroup);
    down();
    for (const auto& source : report_.study.sources)
      if (!source.sop_instance.empty()) image(DSRTypes::RT_contains, source, std::nullopt);
    up();
    up();
  }

  // TID 1500; groups by TID 1410 where a region of a DICOM image is shown, else by TID 1501.
  void measurement_body() {
    code(DSRTypes::RT_hasConceptMod, CODE_DCM_ProcedureReported, {"16310003", "SCT", "Ultrasonography"});
    image_library();
    if (!report_.findings.empty()) {
      container(CODE_DCM_ImagingMeasurements);
      down();
      for (size_t i = 0; i < report_.findings.size(); ++i) group(report_.findings[i], i);
      up();
    }
    container({"C0034375", "UMLS", "Qualitative Evaluations"});
    down();
    sentences();
    up();
  }

  void group(const ReportedFinding& finding, size_t index) {
    const bool region = finding.evidence.box && source_of(finding.evidence);
    container(CODE_DCM_MeasurementGroup, region ? "1410" : "1501");
    down();
    text(DSRTypes::RT_hasObsContext, CODE_DCM_TrackingIdentifier,
         fmt::format("{} {}", kind_text(finding.kind, "en"), index + 1));
    uid(DSRTypes::RT_hasObsContext, CODE_DCM_TrackingUniqueIdentifier,
        dicom::uid_of(fmt::format("{}/finding/{}", report_.id, index)));
    code(DSRTypes::RT_contains, CODE_DCM_Finding,
         own_code(finding.kind, kind_text(finding.kind, report_.language)));
    if (region) {
      const Box& box = *finding.evidence.box;
      const double right = box.x + box.width - 1, below = box.y + box.height - 1;
      shape(DSRTypes::RT_contains, CODE_DCM_ImageRegion, DSRTypes::GT_Polyline,
            {{box.x, box.y}, {right, box.y}, {right, below}, {box.x, below}, {box.x, box.y}},
            finding.evidence);
    }
    for (const auto& told : finding.measurements) measurement(told);
    for (const auto& each : finding.fields) field(each);
    up();
  }

  // TID 5000: a summary (TID 5002) and fetal biometry (TID 5005) in groups of TID 5008.
  void obstetric_body() {
    container({"121111", "DCM", "Summary"}, "5002");
    down();
    text(DSRTypes::RT_contains, DSRCodedEntryValue("121106", "DCM", "Comment"),
         heading("research", report_.language));
    for (const auto& sentence : report_.sentences)
      text(DSRTypes::RT_contains, DSRCodedEntryValue("121106", "DCM", "Comment"), sentence.text);
    up();
    if (report_.findings.empty()) return;
    container(CODE_DCM_FetalBiometry, "5005");
    down();
    for (size_t i = 0; i < report_.findings.size(); ++i) {
      container(CODE_DCM_BiometryGroup, "5008");
      down();
      for (const auto& told : report_.findings[i].measurements) measurement(told);
      for (const auto& growth : report_.growth) {
        if (growth.finding != i) continue;
        if (growth.weeks) {
          number({"18185-9", "LN", "Gestational Age"}, *growth.weeks * 7, {"d", "UCUM", "day"});
          down();
          code(DSRTypes::RT_inferredFrom, CODE_DCM_Equation,
               own_code("HC_Hadlock_1984", "Head circumference, Hadlock 1984"));
          up();
        }
        if (growth.percentile)
          number(CODE_DCM_GrowthPercentileRank, *growth.percentile, {"%", "UCUM", "Percent"});
      }
      up();
    }
    up();
  }

  std::string finish() {
    const auto& last = report_.steps.back();
    if (report_.state == "signed" || report_.state == "amended") {
      check(document_.completeDocument(), "completion");
      check(document_.verifyDocument(last.by, "not stated", dicom_date(last.time) + dicom_time(last.time)),
            "verification");
    } else {
      check(document_.setPreliminaryFlag(DSRTypes::PF_Preliminary), "preliminary flag");
    }
    DcmFileFormat file;
    check(document_.write(*file.getDataset()), "writing");
    put_common(*file.getDataset(), report_, "sr", UID_ComprehensiveSRStorage, "SR", "7001");
    return dicom::file_bytes(file);
  }

  const Report& report_;
  DSRDocument document_;
  DSRDocumentTree& tree_;
  bool first_ = false;
};

}  // namespace

std::string report_sr(const Report& report) {
  return SrWriter(report).run();
}

}  // namespace conclave::ultrasound
