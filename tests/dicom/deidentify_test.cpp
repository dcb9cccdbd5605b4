#include "framework/dicom/deidentify.h"

#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"
#include "make_dicom.h"
#include "testing/testing.h"

namespace conclave::dicom {
namespace {

using conclave::testing::bytes_of;
using conclave::testing::MadeDicom;
using conclave::testing::TempDir;
using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kKey(64, 'k');

// A dark picture with words burned in above the region, within it, or nowhere.
MadeDicom planted(const std::vector<std::pair<std::string, std::pair<int, int>>>& texts, int64_t frames = 1) {
  MadeDicom made;
  made.width = 400, made.height = 300, made.frames = frames;
  made.regions = {{50, 60, 349, 279, 3, 3, 0.02, 0.02, 1, 1}};
  made.change = [texts, frames](DcmDataset& data) {
    cv::Mat one(300, 400, CV_8UC3, cv::Scalar(8, 8, 8));
    for (const auto& [text, place] : texts)
      cv::putText(one, text, {place.first, place.second}, cv::FONT_HERSHEY_SIMPLEX, 0.6, {250, 250, 250}, 1,
                  cv::LINE_AA);
    std::vector<Uint8> pixels;
    for (int64_t i = 0; i < frames; ++i) pixels.insert(pixels.end(), one.data, one.data + one.total() * 3);
    data.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
    data.putAndInsertString(DCM_PatientBirthDate, "19610203");
    data.putAndInsertString(DCM_AccessionNumber, "ACC-998877");
    data.putAndInsertString(DCM_InstitutionName, "Hospital Aurora");
    data.putAndInsertString(DCM_OperatorsName, "Sonographer^Sam");
    data.putAndInsertString(DCM_StudyDescription, "Breast of Jane Doe");
    data.putAndInsertString(DCM_ImageComments, "call Jane Doe 555-1234");
    data.putAndInsertString(DCM_StudyDate, "20260301");
    data.putAndInsertString(DCM_DeviceSerialNumber, "SN-12345");
    data.putAndInsertString(DcmTag(0x0029, 0x0010, EVR_LO), "PRIVATE VENDOR");
    data.putAndInsertString(DcmTag(0x0029, 0x1001, EVR_LO), "Doe^Jane private");
    DcmItem* item = nullptr;
    data.findOrCreateSequenceItem(DCM_RequestAttributesSequence, item, 0);
    item->putAndInsertString(DCM_RequestedProcedureDescription, "nested Jane");
  };
  return made;
}

TEST(Deidentify, NothingPlantedIsLeft) {
  const TempDir dir;
  planted({{"DOE JANE 4711", {60, 30}}}).save(dir / "in.dcm");
  DicomFile in(dir / "in.dcm");
  const auto done = deidentify(in, dir / "out", {kKey, {}, true, ""});
  const std::string bytes = bytes_of(done.file);
  for (const char* secret :
       {"Doe", "Jane", "MRN-4711", "19610203", "ACC-998877", "Aurora", "Sonographer", "555-1234", "20260301",
        "SN-12345", "PRIVATE VENDOR", "1.2.826.0.1.3680043.2.1143.77.1", "1.2.826.0.1.3680043.2.1143.77.2",
        "1.2.826.0.1.3680043.2.1143.77.3"})
    EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
  EXPECT_EQ(done.file.string().find("1143"), std::string::npos);
  EXPECT_THAT(done.removed, Contains("InstitutionName"));
  EXPECT_THAT(done.removed, Contains("private (0029,1001)"));

  DicomFile out(done.file);
  const Frame frame = out.read(0);
  int bright = 0;
  for (const uint8_t value : frame.rgb) bright += value > 100;
  EXPECT_EQ(bright, 0);  // the words lie above the region
  EXPECT_EQ(frame.rgb[(100 * 400 + 100) * 3], 8);
  EXPECT_EQ(frame.rgb[(10 * 400 + 100) * 3], 0);
  // What measuring needs is still there.
  EXPECT_DOUBLE_EQ(*line_length(out.calibration(0), {60, 100}, {160, 100}).mm, 20);
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile(done.file.c_str()).good());
  OFString value;
  file.getDataset()->findAndGetOFString(DCM_PatientIdentityRemoved, value);
  EXPECT_EQ(value, "YES");
  EXPECT_TRUE(file.getDataset()->findAndGetOFString(DCM_BurnedInAnnotation, value).bad());  // not known
}

TEST(Deidentify, ConsistentWithinAKeyAndUnlikeBetweenKeys) {
  const TempDir dir;
  planted({}).save(dir / "a.dcm");
  MadeDicom other = planted({});
  const auto change = other.change;
  other.change = [&](DcmDataset& data) {
    change(data);
    data.putAndInsertString(DCM_SOPInstanceUID, "1.2.3.4.5");
  };
  other.save(dir / "b.dcm");
  DicomFile a(dir / "a.dcm"), b(dir / "b.dcm");
  const auto info = [&](DicomFile& in, const std::string& key) {
    return DicomFile(deidentify(in, dir / "out", {key, {}, true, ""}).file).info();
  };
  const auto first = info(a, kKey), second = info(b, kKey), foreign = info(a, std::string(64, 'x'));
  EXPECT_EQ(first.study_uid, second.study_uid);
  EXPECT_EQ(first.patient_id, second.patient_id);
  EXPECT_NE(first.sop_instance, second.sop_instance);
  EXPECT_NE(first.study_uid, foreign.study_uid);
  EXPECT_NE(first.patient_id, foreign.patient_id);
}

TEST(Deidentify, TextWithinTheRegionIsMasked) {
  if (!can_find_text()) GTEST_SKIP() << "tesseract is not installed";
  const TempDir dir;
  planted({{"DOE JANE 4711", {90, 150}}}, 2).save(dir / "in.dcm");
  DicomFile in(dir / "in.dcm");
  const auto left = deidentify(in, dir / "left", {kKey, {}, false, "Dr. A"});
  EXPECT_EQ(left.status, "not known");
  EXPECT_THAT(left.reasons, Contains(HasSubstr("text is still found")));
  const auto done = deidentify(in, dir / "out", {kKey, {}, true, "Dr. A"});
  EXPECT_FALSE(done.masked.empty());
  EXPECT_EQ(done.frames_searched, 2);
  DicomFile out(done.file);
  for (const int64_t index : {0, 1}) {
    int bright = 0;
    for (const uint8_t value : out.read(index).rgb) bright += value > 100;
    EXPECT_LT(bright, 60) << index;
  }
  EXPECT_EQ(done.status, "clean");
}

TEST(Deidentify, NeverCallsCleanWhatItCannotKnow) {
  const TempDir dir;
  const auto run = [&](MadeDicom made, const std::string& by) {
    made.save(dir / "in.dcm");
    DicomFile in(dir / "in.dcm");
    return deidentify(in, dir / "out", {kKey, {}, true, by});
  };
  EXPECT_EQ(run(planted({}), "").status, "not known");  // nobody looked
  MadeDicom without = planted({});
  without.regions.clear();
  const auto unknown = run(without, "Dr. A");
  EXPECT_EQ(unknown.status, "not known");
  EXPECT_THAT(unknown.reasons, Contains(HasSubstr("no regions")));
  if (can_find_text()) {
    EXPECT_EQ(run(planted({}), "Dr. A").status, "clean");
    const auto clip = run(planted({}, 9), "Dr. A");
    EXPECT_EQ(clip.status, "not known");
    EXPECT_THAT(clip.reasons, Contains("8 of 9 frames were searched for text"));
  } else {
    EXPECT_THAT(run(planted({}), "Dr. A").reasons, Contains(HasSubstr("tesseract is not installed")));
  }
}

// A maker's field may hold anything.
TEST(Deidentify, AnIdentifierInAKeptAttributeGoesToo) {
  const TempDir dir;
  MadeDicom made = planted({});
  const auto change = made.change;
  made.change = [&](DcmDataset& data) {
    change(data);
    data.putAndInsertString(DCM_Manufacturer, "Maker");
    data.putAndInsertString(DCM_ManufacturerModelName, "X-5 of MRN-4711");
    data.putAndInsertString(DCM_BodyPartExamined, "BREAST");
  };
  made.save(dir / "in.dcm");
  DicomFile in(dir / "in.dcm");
  const auto done = deidentify(in, dir / "out", {kKey, {}, true, ""});
  EXPECT_THAT(done.removed, Contains("ManufacturerModelName"));
  const std::string bytes = bytes_of(done.file);
  EXPECT_EQ(bytes.find("4711"), std::string::npos);
  EXPECT_NE(bytes.find("Maker"), std::string::npos);
}

TEST(Deidentify, WrongUse) {
  const TempDir dir;
  planted({}).save(dir / "in.dcm");
  DicomFile in(dir / "in.dcm");
  EXPECT_THROW(deidentify(in, dir / "out", {kKey, {{0, 0, 401, 10}}, true, ""}), UsageError);
  EXPECT_THROW(deidentify(in, dir / "out", {"short", {}, true, ""}), UsageError);
  const std::string key = deidentify_key(dir / "keys/key");
  EXPECT_EQ(key.size(), 64u);
  EXPECT_EQ(deidentify_key(dir / "keys/key"), key);
  EXPECT_EQ(std::filesystem::status(dir / "keys/key").permissions() & std::filesystem::perms::others_all,
            std::filesystem::perms::none);
}

}  // namespace
}  // namespace conclave::dicom
