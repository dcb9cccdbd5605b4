#include "framework/dicom/clip.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encode_clip.h"
#include "framework/base/error.h"
#include "framework/dicom/dicom_file.h"
#include "make_dicom.h"
#include "testing/testing.h"

namespace conclave::dicom {
namespace {

using conclave::testing::bytes_of;
using conclave::testing::has_encoder;
using conclave::testing::MadeDicom;
using conclave::testing::put_bytes;
using conclave::testing::TempDir;
using conclave::testing::write_clip;
using ::testing::HasSubstr;

std::vector<uint8_t> ramp(size_t count) {
  std::vector<uint8_t> luma;
  for (size_t i = 0; i < count; ++i) luma.push_back(static_cast<uint8_t>(20 + 7 * i));
  return luma;
}

// Studio range to full range.
int grey_of(uint8_t luma) {
  return (luma - 16) * 255 / 219;
}

void expect_ramp(FrameSource& frames, const std::vector<uint8_t>& luma, const std::vector<int64_t>& order) {
  ASSERT_EQ(frames.frame_count(), static_cast<int64_t>(luma.size()));
  for (const int64_t index : order) {
    const Frame frame = frames.read(index);
    ASSERT_EQ(frame.width, 64);
    ASSERT_EQ(frame.height, 48);
    for (const size_t at : {size_t{0}, frame.rgb.size() / 2, frame.rgb.size() - 1})
      EXPECT_NEAR(frame.rgb[at], grey_of(luma[static_cast<size_t>(index)]), 4) << "frame " << index;
  }
}

TEST(Clip, FramesForwardAndBack) {
  const TempDir dir;
  const auto luma = ramp(30);
  for (const auto& [name, encoder] :
       {std::pair{"a.avi", "mpeg4"}, {"a.mpg", "mpeg2video"}, {"a.mp4", "libx264"}}) {
    if (!has_encoder(encoder)) continue;
    write_clip(dir / name, encoder, luma);
    Clip clip(dir / name);
    expect_ramp(clip, luma, {0, 1, 2, 17, 29, 3, 29});
    EXPECT_THROW(clip.read(30), UsageError);
    EXPECT_THROW(clip.read(-1), UsageError);
  }
}

TEST(Clip, OfOneFrame) {
  const TempDir dir;
  write_clip(dir / "a.avi", "mpeg4", {100});
  Clip clip(dir / "a.avi");
  expect_ramp(clip, {100}, {0, 0});
}

TEST(Clip, BrokenOnes) {
  const TempDir dir;
  write_clip(dir / "a.avi", "mpeg4", ramp(30));
  const std::string whole = bytes_of(dir / "a.avi");
  for (const size_t size : {size_t{0}, size_t{10}, size_t{200}}) {
    put_bytes(dir / "b.avi", whole.substr(0, size));
    EXPECT_THROW(Clip{dir / "b.avi"}, DataError) << size;
  }
  put_bytes(dir / "c.avi", std::string(5000, 'x'));
  EXPECT_THROW(Clip{dir / "c.avi"}, DataError);
  // Cut in its frames: what is promised comes or is an error, nothing else.
  put_bytes(dir / "d.avi", whole.substr(0, whole.size() * 3 / 4));
  try {
    Clip cut(dir / "d.avi");
    for (int64_t i = 0; i < cut.frame_count(); ++i) EXPECT_EQ(cut.read(i).width, 64);
  } catch (const DataError&) {
  }
  EXPECT_THROW(Clip{dir / "nothing.avi"}, DataError);
}

// `bytes` as encapsulated pixel data in two fragments.
void save_encapsulated(const std::filesystem::path& path, const std::string& bytes, E_TransferSyntax syntax,
                       const char* frames) {
  MadeDicom made;
  made.width = 64, made.height = 48;
  made.save(path);
  DcmFileFormat file;
  file.loadFile(path.c_str());
  DcmDataset& data = *file.getDataset();
  delete data.remove(DCM_PixelData);
  data.putAndInsertString(DCM_SOPClassUID, UID_UltrasoundMultiframeImageStorage);
  data.putAndInsertString(DCM_PhotometricInterpretation, "YBR_PARTIAL_420");
  data.putAndInsertString(DCM_NumberOfFrames, frames);
  auto* sequence = new DcmPixelSequence(DCM_PixelSequenceTag);
  sequence->insert(new DcmPixelItem(DCM_PixelItemTag));
  const size_t half = bytes.size() / 4 * 2;
  for (std::string part : {bytes.substr(0, half), bytes.substr(half)}) {
    if (part.size() % 2) part.push_back('\0');
    auto* item = new DcmPixelItem(DCM_PixelItemTag);
    sequence->insert(item);
    item->putUint8Array(reinterpret_cast<const Uint8*>(part.data()), part.size());
  }
  auto* pixels = new DcmPixelData(DCM_PixelData);
  pixels->putOriginalRepresentation(syntax, nullptr, sequence);
  data.insert(pixels);
  ASSERT_TRUE(file.saveFile(path.c_str(), syntax).good());
}

TEST(Clip, WithinDicom) {
  const TempDir dir;
  const auto luma = ramp(12);
  for (const auto& [name, encoder, syntax] :
       {std::tuple{"a.mpg", "mpeg2video", EXS_MPEG2MainProfileAtMainLevel},
        {"a.mp4", "libx264", EXS_MPEG4HighProfileLevel4_1}}) {
    if (!has_encoder(encoder)) continue;
    write_clip(dir / name, encoder, luma);
    save_encapsulated(dir / "a.dcm", bytes_of(dir / name), syntax, "12");
    DicomFile file(dir / "a.dcm");
    expect_ramp(file, luma, {0, 5, 11, 2});
    EXPECT_TRUE(file.warnings().empty());
    save_encapsulated(dir / "b.dcm", bytes_of(dir / name), syntax, "40");
    DicomFile other(dir / "b.dcm");
    EXPECT_EQ(other.frame_count(), 12);
    EXPECT_THAT(other.warnings(), ::testing::Contains(HasSubstr("promises 40 frames, its video has 12")));
    save_encapsulated(dir / "c.dcm", std::string(3000, 'x'), syntax, "12");
    EXPECT_THROW(DicomFile{dir / "c.dcm"}, DataError);
  }
}

TEST(RealDicom, ABrokenJpeg2000Inside) {
  CONCLAVE_NEED_DATA("ultrasound/dicom/examples_jpeg2k.dcm");
  const TempDir dir;
  const std::string whole = bytes_of(*testing::data_dir() / "ultrasound/dicom/examples_jpeg2k.dcm");
  const size_t begin = whole.find("\xff\x4f\xff\x51");
  ASSERT_NE(begin, std::string::npos);
  const auto problem = [&](const std::string& bytes) -> std::string {
    put_bytes(dir / "a.dcm", bytes);
    try {
      DicomFile(dir / "a.dcm").read(0);
      return "";
    } catch (const DataError& wrong) {
      return wrong.what();
    }
  };
  EXPECT_EQ(problem(whole), "");
  std::string size = whole, gone = whole;
  size[begin + 11] = '\x01';  // the width in its own header
  EXPECT_THAT(problem(size), HasSubstr("the file says 640 x 480 x 3"));
  std::fill_n(gone.begin() + static_cast<long>(begin) + 52, 60, '\xff');
  EXPECT_THAT(problem(gone), HasSubstr("JPEG 2000"));
}

}  // namespace
}  // namespace conclave::dicom
