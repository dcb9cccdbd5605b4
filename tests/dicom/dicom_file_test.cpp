#include "framework/dicom/dicom_file.h"

#include <dcmtk/dcmdata/dcddirif.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/dicom/dcmtk.h"
#include "framework/dicom/study.h"
#include "make_dicom.h"
#include "testing/testing.h"

namespace conclave::dicom {
namespace {

using conclave::testing::bytes_of;
using conclave::testing::MadeDicom;
using conclave::testing::put_bytes;
using conclave::testing::TempDir;
using ::testing::HasSubstr;

std::string problem_of(const std::filesystem::path& path) {
  try {
    DicomFile file(path);
    for (int64_t i = 0; i < file.frame_count(); ++i) file.read(i);
    return "";
  } catch (const DataError& wrong) {
    return wrong.what();
  }
}

// Largest difference from the made picture.
int farthest(const Frame& frame, int64_t index) {
  int most = 0;
  for (int64_t y = 0; y < frame.height; ++y)
    for (int64_t x = 0; x < frame.width; ++x) {
      const int grey = MadeDicom::grey(x, y, index);
      const uint8_t* at = &frame.rgb[static_cast<size_t>((y * frame.width + x) * 3)];
      most = std::max({most, std::abs(at[0] - grey), std::abs(at[1] - (255 - grey)), std::abs(at[2] - 7)});
    }
  return most;
}

void register_encoders() {
  prepare_dcmtk();
  DJEncoderRegistration::registerCodecs();
  DJLSEncoderRegistration::registerCodecs();
  DcmRLEEncoderRegistration::registerCodecs();
}

TEST(DicomFile, EveryCodingGivesTheSameFrames) {
  const TempDir dir;
  register_encoders();
  MadeDicom made;
  made.frames = 3;
  const std::vector<std::pair<E_TransferSyntax, int>> codings = {
      {EXS_LittleEndianExplicit, 0}, {EXS_LittleEndianImplicit, 0}, {EXS_BigEndianExplicit, 0},
      {EXS_RLELossless, 0},          {EXS_JPEGProcess14SV1, 0},     {EXS_JPEGLSLossless, 0},
      {EXS_JPEGProcess1, 60},  // lossy, colour at half size
  };
  for (const auto& [syntax, bound] : codings) {
    const auto path = dir / (std::to_string(syntax) + ".dcm");
    made.save(path, syntax);
    DicomFile file(path);
    EXPECT_EQ(file.frame_count(), 3);
    file.require_ultrasound();
    for (const int64_t index : {0, 2, 1}) {
      EXPECT_LE(farthest(file.read(index), index), bound) << file.info().transfer_syntax_name;
    }
    EXPECT_THROW(file.read(3), UsageError);
  }
}

TEST(DicomFile, SeedsForTheFuzzTarget) {
  register_encoders();
  MadeDicom made;
  made.frames = 2, made.width = 16, made.height = 8;
  made.regions = {{0, 0, 15, 7, 3, 3, 0.02, 0.02, 1, 1}};
  const auto corpus = std::filesystem::path(CONCLAVE_BINARY_DIR) / "corpus/dicom";
  std::filesystem::create_directories(corpus);
  for (const auto syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit,
                            EXS_RLELossless, EXS_JPEGProcess14SV1, EXS_JPEGLSLossless, EXS_JPEGProcess1}) {
    made.save(corpus / std::to_string(syntax), syntax);
    EXPECT_EQ(problem_of(corpus / std::to_string(syntax)), "");
  }
}

TEST(DicomFile, MonochromeBothWays) {
  const TempDir dir;
  MadeDicom made;
  made.samples = 1;
  for (const std::string kind : {"MONOCHROME1", "MONOCHROME2"}) {
    made.photometric = kind;
    made.save(dir / "a.dcm");
    const Frame frame = DicomFile(dir / "a.dcm").read(0);
    const uint8_t grey = MadeDicom::grey(5, 3, 0);
    const auto* at = &frame.rgb[(3 * 32 + 5) * 3];
    EXPECT_EQ(at[0], kind == "MONOCHROME2" ? grey : 255 - grey);
    EXPECT_EQ(at[0], at[1]);
    EXPECT_EQ(at[0], at[2]);
  }
}

TEST(DicomFile, YbrAtHalfTheColours) {
  const TempDir dir;
  MadeDicom made;
  made.photometric = "YBR_FULL_422";
  made.change = [](DcmDataset& data) {
    std::vector<Uint8> pixels;  // Y Y Cb Cr for every two pixels: pure red, Y 76, Cb 85, Cr 255
    for (int i = 0; i < 32 * 24 / 2; ++i) pixels.insert(pixels.end(), {76, 76, 85, 255});
    data.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
  };
  made.save(dir / "a.dcm");
  const Frame frame = DicomFile(dir / "a.dcm").read(0);
  EXPECT_NEAR(frame.rgb[0], 254, 2);
  EXPECT_NEAR(frame.rgb[1], 0, 2);
  EXPECT_NEAR(frame.rgb[2], 0, 2);
}

TEST(DicomFile, NamesInAnyAlphabet) {
  const TempDir dir;
  MadeDicom made;
  made.change = [](DcmDataset& data) {
    data.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 144");
    data.putAndInsertString(DCM_PatientName, "\xbb\xee\xda^\xb8\xef\xdd");  // Cyrillic
  };
  made.save(dir / "a.dcm");
  EXPECT_EQ(DicomFile(dir / "a.dcm").info().patient_name, "Люк^Иян");
  made.change = [](DcmDataset& data) {
    data.putAndInsertString(DCM_SpecificCharacterSet, "GB18030");
    data.putAndInsertString(DCM_PatientName, "\xcd\xf5^\xd0\xa1\xb6\xab");
  };
  made.save(dir / "b.dcm");
  EXPECT_EQ(DicomFile(dir / "b.dcm").info().patient_name, "王^小东");
  made.change = [](DcmDataset& data) {
    data.putAndInsertString(DCM_SpecificCharacterSet, "ISO_IR 999");
    data.putAndInsertString(DCM_PatientName, "A\xff\xfe");
  };
  made.save(dir / "c.dcm");
  const DicomFile unknown(dir / "c.dcm");
  EXPECT_THAT(unknown.warnings(), ::testing::Contains(HasSubstr("character set")));
  const auto named = dir / "наблюдение 王.dcm";
  std::filesystem::copy_file(dir / "a.dcm", named);
  EXPECT_EQ(problem_of(named), "");
}

TEST(DicomFile, RefusesWhatIsNotUltrasound) {
  const TempDir dir;
  MadeDicom made;
  made.change = [](DcmDataset& data) {
    data.putAndInsertString(DCM_SOPClassUID, UID_CTImageStorage);
    data.putAndInsertString(DCM_Modality, "CT");
  };
  made.save(dir / "ct.dcm");
  try {
    DicomFile(dir / "ct.dcm").require_ultrasound();
    FAIL();
  } catch (const DataError& wrong) {
    EXPECT_THAT(wrong.what(), HasSubstr("CTImageStorage of modality 'CT'"));
  }
}

TEST(DicomFile, EveryCutIsSeen) {
  const TempDir dir;
  register_encoders();
  MadeDicom made;
  made.frames = 2;
  made.regions = {{0, 0, 31, 23, 3, 3, 0.02, 0.02, 1, 1}};
  for (const auto syntax :
       {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit, EXS_RLELossless}) {
    made.save(dir / "whole.dcm", syntax);
    const std::string whole = bytes_of(dir / "whole.dcm");
    for (size_t size = 0; size < whole.size(); size += size < 1200 ? 1 : 97) {
      put_bytes(dir / "cut.dcm", whole.substr(0, size));
      // A cut between two elements leaves a whole file without pictures.
      const std::string problem = problem_of(dir / "cut.dcm");
      if (!problem.empty()) continue;
      EXPECT_EQ(DicomFile(dir / "cut.dcm").frame_count(), 0) << syntax << " cut at " << size;
    }
  }
}

TEST(DicomFile, PromisesThatTheBytesDoNotKeep) {
  const TempDir dir;
  MadeDicom made;
  made.frames = 2;
  made.change = [](DcmDataset& data) { data.putAndInsertString(DCM_NumberOfFrames, "4660000"); };  // 10 GB
  made.save(dir / "a.dcm");
  EXPECT_THAT(problem_of(dir / "a.dcm"), HasSubstr("promises 4660000 frames of 2304 bytes, but holds 4608"));
  register_encoders();
  made.change = [](DcmDataset&) {};
  made.save(dir / "b.dcm", EXS_RLELossless);
  std::string bytes = bytes_of(dir / "b.dcm");
  DcmFileFormat file;
  file.loadFile((dir / "b.dcm").c_str());
  file.getDataset()->putAndInsertString(DCM_NumberOfFrames, "2147483647");
  file.saveFile((dir / "b.dcm").c_str(), EXS_RLELossless);
  EXPECT_THAT(problem_of(dir / "b.dcm"), HasSubstr("but holds 2 fragments"));
  for (const char* frames : {"0", "-3"}) {
    made.change = [&](DcmDataset& data) { data.putAndInsertString(DCM_NumberOfFrames, frames); };
    made.save(dir / "c.dcm");
    EXPECT_THAT(problem_of(dir / "c.dcm"), HasSubstr("claims"));
  }
  made.change = [](DcmDataset& data) { data.putAndInsertUint16(DCM_Rows, 0); };
  made.save(dir / "d.dcm");
  EXPECT_THAT(problem_of(dir / "d.dcm"), HasSubstr("32 x 0"));
  made.change = [](DcmDataset& data) {
    data.putAndInsertUint16(DCM_Rows, 65535), data.putAndInsertUint16(DCM_Columns, 65535);
  };
  made.save(dir / "e.dcm");
  EXPECT_THAT(problem_of(dir / "e.dcm"), HasSubstr("are not read"));
}

TEST(DicomFile, LengthsThatReachBeyondTheFile) {
  const TempDir dir;
  MadeDicom().save(dir / "a.dcm");
  std::string bytes = bytes_of(dir / "a.dcm");
  const size_t pixels = bytes.rfind(std::string("\xe0\x7f\x10\x00OB", 6));
  ASSERT_NE(pixels, std::string::npos);
  bytes[pixels + 8] = bytes[pixels + 9] = bytes[pixels + 10] = '\xfe', bytes[pixels + 11] = '\x7f';  // 2 GB
  put_bytes(dir / "b.dcm", bytes);
  EXPECT_THAT(problem_of(dir / "b.dcm"), HasSubstr("the file is cut off"));
  // 100 sequences, one within the other.
  std::string deep = bytes_of(dir / "a.dcm").substr(0, pixels);
  for (int i = 0; i < 100; ++i)
    deep += std::string("\x18\x00\x11\x60SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff", 20);
  put_bytes(dir / "c.dcm", deep);
  EXPECT_THAT(problem_of(dir / "c.dcm"), HasSubstr("nested deeper"));
}

TEST(DicomFile, ABrokenJpegInside) {
  const TempDir dir;
  register_encoders();
  MadeDicom made;
  made.width = made.height = 128;
  made.save(dir / "a.dcm", EXS_JPEGProcess1);
  const std::string whole = bytes_of(dir / "a.dcm");
  const size_t begin = whole.find("\xff\xd8\xff", 300), end = whole.find("\xff\xd9", begin);
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(problem_of(dir / "a.dcm"), "");
  std::string zeros = whole, other = whole;
  std::fill(zeros.begin() + static_cast<long>((begin + end) / 2), zeros.begin() + static_cast<long>(end) + 2,
            '\0');
  put_bytes(dir / "b.dcm", zeros);  // the second half of the picture is gone
  EXPECT_NE(problem_of(dir / "b.dcm"), "");
  const size_t size = whole.find("\xff\xc0", begin);
  ASSERT_NE(size, std::string::npos);
  other[size + 7] = '\x7f';  // the width within the JPEG
  put_bytes(dir / "c.dcm", other);
  EXPECT_THAT(problem_of(dir / "c.dcm"), HasSubstr("the file says 128 x 128"));
  for (const char marker : {'\x01', '\xd0', '\xd8', '\xd9'}) {  // of no length: a codec may wait there for ever
    std::string lone = whole;
    lone[whole.find("\xff\xdb", begin) + 1] = marker;
    put_bytes(dir / "d.dcm", lone);
    EXPECT_THAT(problem_of(dir / "d.dcm"), HasSubstr("JPEG picture is broken"));
  }
}

TEST(DicomFile, BytesThatAreNoDicom) {
  const TempDir dir;
  for (const std::string& bytes :
       {std::string(), std::string("\x89PNG\r\n\x1a\n"), std::string(4000, '\0'), std::string(200, 'x'),
        std::string(128, '\0') + "DICM", std::string(128, '\0') + "DICM" + std::string(64, '\xff')}) {
    put_bytes(dir / "a.dcm", bytes);
    const std::string problem = problem_of(dir / "a.dcm");
    if (!problem.empty()) continue;
    EXPECT_EQ(DicomFile(dir / "a.dcm").frame_count(), 0) << bytes.size();
  }
}

TEST(Study, SortedIntoSeriesWithWhatCannotBeRead) {
  const TempDir dir;
  for (const auto& [name, series, number] : {std::tuple{"x", "9", "2"}, {"y", "9", "1"}, {"z", "8", "1"}}) {
    MadeDicom made;
    made.change = [&, series = series, number = number](DcmDataset& data) {
      data.putAndInsertString(DCM_SeriesInstanceUID, (std::string("1.2.3.") + series).c_str());
      data.putAndInsertString(DCM_SeriesNumber, series);
      data.putAndInsertString(DCM_InstanceNumber, number);
    };
    made.save(dir / name);
  }
  put_bytes(dir / "broken.dcm", "nothing");
  put_bytes(dir / "notes.txt", "nothing");
  const StudyList list = list_studies(dir.path());
  ASSERT_EQ(list.studies.size(), 1u);
  ASSERT_EQ(list.studies[0].series.size(), 2u);
  EXPECT_EQ(list.studies[0].series[0].uid, "1.2.3.8");
  EXPECT_EQ(list.studies[0].series[1].files[0].path.filename(), "y");
  ASSERT_EQ(list.problems.size(), 1u);
  EXPECT_EQ(list.problems[0].first.filename(), "broken.dcm");
  EXPECT_EQ(describe_studies(list, false).dump().find("MRN-4711"), std::string::npos);
  EXPECT_NE(describe_studies(list, true).dump().find("MRN-4711"), std::string::npos);
  EXPECT_THROW(list_studies(dir / "nowhere"), DataError);
}

TEST(Study, OfADicomdir) {
  const TempDir dir;
  std::filesystem::create_directories(dir / "DISK/A");
  MadeDicom made;
  made.change = [](DcmDataset& data) {
    data.putAndInsertString(DCM_StudyDate, "20260301");
    data.putAndInsertString(DCM_StudyTime, "120000");
    data.putAndInsertString(DCM_StudyID, "1");
    data.putAndInsertString(DCM_SeriesNumber, "1");
    data.putAndInsertString(DCM_InstanceNumber, "1");
  };
  made.save(dir / "DISK/A/IM1");
  made.save(dir / "OUTSIDE");
  prepare_dcmtk();
  DicomDirInterface maker;
  ASSERT_TRUE(
      maker.createNewDicomDir(DicomDirInterface::AP_GeneralPurpose, (dir / "DISK/DICOMDIR").c_str(), "DISK")
          .good());
  ASSERT_TRUE(maker.addDicomFile("A/IM1", (dir / "DISK").c_str()).good());
  ASSERT_TRUE(maker.writeDicomDir().good());
  StudyList list = list_studies(dir / "DISK/DICOMDIR");
  ASSERT_EQ(list.studies.size(), 1u);
  EXPECT_EQ(list.studies[0].series[0].files[0].path, dir / "DISK/A/IM1");
  // A reference that leaves the folder is none; one to a file that is gone is told.
  std::string bytes = bytes_of(dir / "DISK/DICOMDIR");
  const size_t at = bytes.find("A\\IM1");
  ASSERT_NE(at, std::string::npos);
  put_bytes(dir / "DISK/DICOMDIR", bytes.replace(at, 5, "..\\OU"));
  list = list_studies(dir / "DISK/DICOMDIR");
  EXPECT_TRUE(list.studies.empty() && list.problems.empty());
  put_bytes(dir / "DISK/DICOMDIR", bytes.replace(at, 5, "A\\IM2"));
  EXPECT_EQ(list_studies(dir / "DISK/DICOMDIR").problems.size(), 1u);
}

TEST(RealDicom, EveryFileOfTheSet) {
  CONCLAVE_NEED_DATA("ultrasound/dicom/examples_palette.dcm");
  const auto folder = *testing::data_dir() / "ultrasound/dicom";
  for (const auto& [name, width, frames] : {std::tuple{"ExplVR_BigEnd", 80, 1},
                                            {"examples_jpeg2k", 640, 1},
                                            {"examples_palette", 800, 1},
                                            {"examples_rgb_color", 320, 1},
                                            {"examples_ybr_color", 320, 30}}) {
    DicomFile file(folder / (std::string(name) + ".dcm"));
    file.require_ultrasound();
    EXPECT_EQ(file.frame_count(), frames) << name;
    const Frame frame = file.read(frames - 1);
    EXPECT_EQ(frame.width, width) << name;
    EXPECT_GT(*std::max_element(frame.rgb.begin(), frame.rgb.end()), 200) << name;
  }
  EXPECT_THROW(DicomFile(folder / "reportsi.dcm").require_ultrasound(), DataError);
  EXPECT_EQ(list_studies(folder).problems.size(), 0u);
}

// The scanner's own caliper in this picture says 1.06 cm.
TEST(RealDicom, AgreesWithTheScannersCaliper) {
  CONCLAVE_NEED_DATA("ultrasound/dicom/examples_palette.dcm");
  const DicomFile file(*testing::data_dir() / "ultrasound/dicom/examples_palette.dcm");
  const Length length = line_length(file.calibration(0), {460, 291}, {499, 302});
  ASSERT_TRUE(length.mm) << length.scale.reason;
  EXPECT_NEAR(*length.mm, 10.6, 0.05);
  EXPECT_FALSE(line_length(file.calibration(0), {460, 291}, {60, 302}).mm);
}

// This clip shows the scanner's whole screen at half the size that its region was written for.
TEST(RealDicom, NoMillimetresInAResizedClip) {
  CONCLAVE_NEED_DATA("ultrasound/dicom/examples_ybr_color.dcm");
  const DicomFile file(*testing::data_dir() / "ultrasound/dicom/examples_ybr_color.dcm");
  EXPECT_THAT(line_length(file.calibration(7), {100, 100}, {200, 100}).scale.reason,
              HasSubstr("resized after"));
}

}  // namespace
}  // namespace conclave::dicom
