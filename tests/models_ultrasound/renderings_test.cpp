#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmsr/dsrdoc.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/base/child_process.h"
#include "framework/base/file.h"
#include "framework/dicom/dicom_file.h"
#include "models/ultrasound/report/dicom_objects.h"
#include "models/ultrasound/report/life.h"
#include "models/ultrasound/report/pdf.h"
#include "sample_report.h"
#include "testing/testing.h"

namespace conclave::ultrasound {
namespace {

using conclave::testing::breast_findings;
using conclave::testing::head_findings;
using conclave::testing::sample_report;
using conclave::testing::TempDir;
using ::testing::HasSubstr;

// The program's path; empty when it is not installed.
std::string program(const std::string& name) {
  const auto path = std::filesystem::path("/usr/bin") / name;
  return std::filesystem::exists(path) ? path.string() : "";
}

dicom::Frame grey_frame() {
  return {640, 480, std::vector<uint8_t>(640 * 480 * 3, 90)};
}

Report signed_report(const Findings& findings) {
  return sign_report(sample_report(findings), "Díaz^Ana", "2026-03-01T12:30:00Z");
}

// Numeric values of a structured report by the meaning of their names.
std::map<std::string, double> numbers_of(const std::string& bytes) {
  const TempDir dir;
  write_file(dir / "sr.dcm", bytes);
  DcmFileFormat file;
  EXPECT_TRUE(file.loadFile((dir / "sr.dcm").c_str()).good());
  DSRDocument document;
  EXPECT_TRUE(document.read(*file.getDataset()).good());
  std::map<std::string, double> numbers;
  auto& tree = document.getTree();
  tree.gotoRoot();
  do {
    const auto& item = tree.getCurrentContentItem();
    if (item.getValueType() == DSRTypes::VT_Num)
      numbers[item.getConceptName().getCodeMeaning().c_str()] =
          std::atof(item.getNumericValue().getNumericValue().c_str());
  } while (tree.iterate());
  return numbers;
}

TEST(Sr, ReadsBackWithTheSameValues) {
  const auto numbers = numbers_of(report_sr(sample_report(breast_findings())));
  EXPECT_EQ(numbers, (std::map<std::string, double>{{"Long Axis", 16}, {"Short Axis", 12}}));
  const Report head = sample_report(head_findings());
  const auto of_head = numbers_of(report_sr(head));
  EXPECT_NEAR(of_head.at("Head Circumference"), *head.findings[0].measurements[0].mm, 1e-7);
  EXPECT_NEAR(of_head.at("Gestational Age"), 7 * *head.growth[0].weeks, 1e-7);
}

TEST(Sr, NoNumberWithoutMillimetres) {
  const auto none = [](const std::string&, int64_t) {
    return dicom::Calibration{640, 480, {}, std::nullopt, std::nullopt};
  };
  const Report report = draft_report(breast_findings(), conclave::testing::sample_study(), none,
                                     {"en", "p", "2026-03-01T12:00:00Z", std::nullopt});
  EXPECT_TRUE(numbers_of(report_sr(report)).empty());
}

TEST(Sr, SaysHowFarItsLifeIs) {
  const TempDir dir;
  const auto flags = [&](const Report& report) {
    write_file(dir / "sr.dcm", report_sr(report));
    DcmFileFormat file;
    EXPECT_TRUE(file.loadFile((dir / "sr.dcm").c_str()).good());
    std::string all;
    for (const auto& tag : {DCM_CompletionFlag, DCM_VerificationFlag, DCM_PreliminaryFlag}) {
      OFString value;
      file.getDataset()->findAndGetOFString(tag, value);
      all += value.c_str() + std::string(" ");
    }
    return all;
  };
  EXPECT_EQ(flags(sample_report(breast_findings())), "PARTIAL UNVERIFIED PRELIMINARY ");
  EXPECT_THAT(flags(signed_report(breast_findings())), ::testing::StartsWith("COMPLETE VERIFIED"));
}

TEST(DicomObjects, SameReportSameBytes) {
  for (const auto& findings : {breast_findings(), head_findings()}) {
    const Report report = sample_report(findings);
    EXPECT_EQ(report_sr(report), report_sr(report));
  }
}

TEST(DicomObjects, PassDciodvfy) {
  const std::string checker = program("dciodvfy");
  if (checker.empty()) GTEST_SKIP() << "dciodvfy (Debian's dicom3tools) is not installed";
  const TempDir dir;
  const auto frame = [](const std::string&, int64_t) { return std::optional(grey_frame()); };
  auto abstaining = Findings{};
  abstaining.abstained = true, abstaining.reason = "unlike ultrasound";
  std::vector<std::pair<std::string, std::string>> objects;
  for (const auto& [name, report] :
       std::vector<std::pair<std::string, Report>>{{"breast", sample_report(breast_findings())},
                                                   {"breast_zh", sample_report(breast_findings(), "zh")},
                                                   {"head", sample_report(head_findings())},
                                                   {"signed", signed_report(breast_findings())},
                                                   {"signed_head", signed_report(head_findings())},
                                                   {"abstaining", sample_report(abstaining)}}) {
    objects.emplace_back(name + ".sr", report_sr(report));
    if (const auto masks = report_segmentation(report); !masks.empty())
      objects.emplace_back(name + ".seg", masks);
    objects.emplace_back(name + ".pdf", report_pdf_object(report, report_pdf(report, frame)));
  }
  for (const auto& [name, bytes] : objects) {
    write_file(dir / name, bytes);
    // It writes to stderr.
    const auto said = run_child({"/bin/sh", "-c", checker + " -new " + (dir / name).string() + " 2>&1"});
    EXPECT_THAT(said.out, ::testing::Not(HasSubstr("Error"))) << name;
  }
}

TEST(Seg, HoldsTheMask) {
  auto findings = breast_findings();
  findings.findings.push_back(findings.findings[0]);  // two segments
  findings.findings[1].mask->pixels[7] = 1;
  const std::string bytes = report_segmentation(sample_report(findings));
  const TempDir dir;
  write_file(dir / "seg.dcm", bytes);
  DcmFileFormat file;
  ASSERT_TRUE(file.loadFile((dir / "seg.dcm").c_str()).good());
  const Uint8* bits = nullptr;
  unsigned long count = 0;
  ASSERT_TRUE(file.getDataset()->findAndGetUint8Array(DCM_PixelData, bits, &count).good());
  ASSERT_EQ(count, 2u * 640 * 480 / 8);
  for (size_t i = 0; i < 2u * 640 * 480; ++i) {
    const auto& mask = *findings.findings[i / (640 * 480)].mask;
    ASSERT_EQ(bits[i / 8] >> (i % 8) & 1, mask.pixels[i % (640 * 480)]) << i;
  }
  EXPECT_EQ(report_segmentation(sample_report(head_findings())), "");  // no mask
}

TEST(Pdf, HoldsItsText) {
  const auto frame = [](const std::string&, int64_t) { return std::optional(grey_frame()); };
  const Report report = signed_report(breast_findings());
  const std::string pdf = report_pdf(report, frame);
  EXPECT_TRUE(pdf.starts_with("%PDF-"));
  EXPECT_EQ(pdf, report_pdf(report, frame));
  EXPECT_GT(pdf.size(), report_pdf(report, nullptr).size() + 500);  // the key picture
  const std::string reader = program("pdftotext");
  if (reader.empty()) GTEST_SKIP() << "pdftotext (Debian's poppler-utils) is not installed";
  const TempDir dir;
  write_file(dir / "r.pdf", pdf);
  const std::string words = run_child({reader, "-layout", (dir / "r.pdf").string(), "-"}).out;
  EXPECT_THAT(words, HasSubstr("Research use only, not for clinical use"));
  for (const auto& sentence : report.sentences) EXPECT_THAT(words, HasSubstr(sentence.text.substr(0, 40)));
  EXPECT_THAT(words, HasSubstr("Signed: Díaz^Ana"));
}

TEST(Pdf, LongReportsTurnPages) {
  auto findings = breast_findings();
  for (int i = 0; i < 40; ++i) findings.findings.push_back(findings.findings[0]);
  const std::string pdf = report_pdf(sample_report(findings), nullptr);
  const size_t count = pdf.find("/Count ");
  ASSERT_NE(count, std::string::npos);
  EXPECT_GE(std::atoi(pdf.c_str() + count + 7), 4);
}

}  // namespace
}  // namespace conclave::ultrasound
