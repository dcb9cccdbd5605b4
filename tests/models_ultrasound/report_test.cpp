#include "models/ultrasound/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>

#include "framework/base/error.h"
#include "framework/base/sha256.h"
#include "models/ultrasound/circumference.h"
#include "models/ultrasound/report/ellipse_length.h"
#include "models/ultrasound/report/fhir.h"
#include "models/ultrasound/report/life.h"
#include "models/ultrasound/report/reasons.h"
#include "models/ultrasound/report/text.h"
#include "sample_report.h"
#include "testing/testing.h"

namespace conclave::ultrasound {
namespace {

using conclave::testing::breast_findings;
using conclave::testing::calibrated;
using conclave::testing::head_findings;
using conclave::testing::sample_report;
using conclave::testing::sample_study;
using ::testing::HasSubstr;

TEST(Draft, MillimetresCategoriesAndSentences) {
  const Report report = sample_report(breast_findings());
  ASSERT_EQ(report.findings.size(), 1u);
  const auto& lesion = report.findings[0];
  EXPECT_DOUBLE_EQ(*lesion.measurements[0].mm, 16);
  EXPECT_DOUBLE_EQ(*lesion.measurements[1].mm, 12);
  ASSERT_EQ(lesion.verdicts.size(), 1u);
  EXPECT_EQ(lesion.verdicts[0].category, "4C");  // 70 % malignant
  std::string all;
  for (const auto& sentence : report.sentences) {
    all += sentence.text + "\n";
    EXPECT_FALSE(sentence.evidence.empty()) << sentence.text;
    EXPECT_TRUE(sentence.evidence[0].box) << sentence.text;
  }
  EXPECT_THAT(all, HasSubstr("side left (80 %)"));
  EXPECT_THAT(all, HasSubstr("long axis 16.0 mm"));
  EXPECT_THAT(all, HasSubstr("left open: margin"));
  EXPECT_THAT(all, HasSubstr("BI-RADS 4C (tissue sampling)"));
}

TEST(Draft, PixelsWithTheReasonWhereNothingIsCalibrated) {
  const auto none = [](const std::string&, int64_t) {
    return dicom::Calibration{640, 480, {}, std::nullopt, std::nullopt};
  };
  const Report report = draft_report(breast_findings(), sample_study(), none, {"en", "p", "t", std::nullopt});
  EXPECT_FALSE(report.findings[0].measurements[0].mm);
  EXPECT_THAT(report_text(report), HasSubstr("80.0 px (not in mm: the file has no region calibration)"));
  EXPECT_THAT(report_text(report), ::testing::Not(HasSubstr("0.0 mm")));
}

TEST(Draft, AFetalHead) {
  Report report = sample_report(head_findings());
  const double circumference_mm = circumference(40, 30);
  EXPECT_NEAR(circumference_mm, 221.0349, 1e-3);  // 4 a E(e) for half axes 40 and 30
  ASSERT_EQ(report.growth.size(), 1u);
  EXPECT_NEAR(report.growth[0].head_circumference_mm, circumference_mm, 1e-9);
  EXPECT_NEAR(*report.growth[0].weeks, 8.96 + 0.54 * 22.10349 + 0.0003 * 10799.0, 0.01);
  EXPECT_THAT(report_text(report), HasSubstr("gestational age 24w1d"));
  const auto scale = [](const std::string&, int64_t) { return calibrated(); };
  report = draft_report(head_findings(), sample_study(), scale, {"zh", "p", "t", 24.0});
  ASSERT_TRUE(report.growth[0].percentile);
  EXPECT_THAT(report_text(report), HasSubstr("头围 221.0 mm，孕周 24w1d"));
  // An ellipse that leaves the region is not measured.
  auto outside = head_findings();
  outside.findings[0].measurements[0].ellipse.long_half = 321;
  report = draft_report(outside, sample_study(), scale, {"en", "p", "t", std::nullopt});
  EXPECT_FALSE(report.findings[0].measurements[0].mm);
  EXPECT_FALSE(report.growth[0].weeks);
}

// x is 0.1 mm a pixel and y 0.2: a circle becomes an ellipse of twice the height.
TEST(Draft, UnlikeScalesStretchAnEllipse) {
  auto findings = head_findings();
  findings.findings[0].measurements[0].ellipse = {{320, 240}, 100, 100, 0.7};
  const auto scale = [](const std::string&, int64_t) {
    return dicom::Calibration{
        640, 480, {{0, 0, 639, 479, 3, 3, 0.01, 0.02, 1, 1}}, std::nullopt, std::nullopt};
  };
  const Report report = draft_report(findings, sample_study(), scale, {"en", "p", "t", std::nullopt});
  EXPECT_NEAR(*report.findings[0].measurements[0].mm, circumference(20, 10), 1e-9);
  EXPECT_NEAR(circumference(1, 1), 2 * std::numbers::pi, 1e-12);
}

TEST(Draft, AnAbstainingModel) {
  Findings findings;
  findings.abstained = true;
  findings.reason = "the picture is unlike ultrasound";
  for (const std::string language : {"en", "zh"}) {
    const Report report = sample_report(findings, language);
    ASSERT_EQ(report.sentences.size(), 1u);
    EXPECT_THAT(report.sentences[0].text, HasSubstr("unlike ultrasound"));
  }
}

TEST(ReportJson, ReadsBackAsWritten) {
  for (const auto& findings : {breast_findings(), head_findings()}) {
    const Report report = sample_report(findings);
    const Json json = to_json(report);
    EXPECT_EQ(to_json(report_from_json(json, "r")), json);
    EXPECT_EQ(to_json(findings_from_json(to_json(findings), "f")), to_json(findings));
  }
  const conclave::testing::TempDir dir;
  write_report(dir / "r.json", sample_report(breast_findings()));
  EXPECT_EQ(read_report(dir / "r.json").findings[0].mask->pixels, breast_findings().findings[0].mask->pixels);
}

TEST(ReportJson, BrokenOnesAreRefusedWithTheirPlace) {
  const Json good = to_json(breast_findings());
  const auto problem = [&](const std::string& pointer, const Json& value) -> std::string {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    try {
      findings_from_json(bad, "f.json");
      return "";
    } catch (const DataError& wrong) {
      return wrong.what();
    }
  };
  EXPECT_THAT(problem("/findings/0/fields/0/value", "up"),
              HasSubstr("findings.0.fields.0.value: side: 'up'"));
  EXPECT_THAT(problem("/findings/0/fields/0/name", "hue"), HasSubstr("no such field"));
  EXPECT_THAT(problem("/findings/0/confidence", 1.5), HasSubstr("no probability"));
  EXPECT_THAT(problem("/findings/0/evidence/frame", -1), HasSubstr("evidence.frame"));
  EXPECT_THAT(problem("/findings/0/evidence/box", Json::array({1, 2})), HasSubstr("4 numbers"));
  EXPECT_THAT(problem("/findings/0/measurements/0/kind", "arc"), HasSubstr("line, ellipse"));
  EXPECT_THAT(problem("/findings/0/mask/runs", Json::array({5})), HasSubstr("do not fit"));
  EXPECT_THAT(problem("/findings/0/mask/runs", Json::array({1u << 31})), HasSubstr("do not fit"));
  EXPECT_THAT(problem("/findings/0/mask/width", int64_t{1} << 60), HasSubstr("no size"));
  EXPECT_THAT(problem("/findings", "x"), HasSubstr("a list"));
  EXPECT_THROW(report_from_json(Json{{"schema", "other/1"}}, "r"), DataError);
  EXPECT_THROW(report_from_json(Json::array(), "r"), DataError);
}

TEST(Life, EditSignAmend) {
  const Report draft = sample_report(breast_findings());
  Edit edit;
  edit.set = {parse_set("0.margin=spiculated"), parse_set("0.side=right")};
  const Report edited = edit_report(draft, edit, "Dr. A", "t1");
  EXPECT_EQ(edited.state, "edited");
  EXPECT_THAT(report_text(edited), HasSubstr("side right, margin spiculated"));
  const Report with_signature = sign_report(edited, "Dr. B", "t2");
  EXPECT_EQ(with_signature.state, "signed");
  EXPECT_THAT(report_text(with_signature), HasSubstr("Signed: Dr. B, t2"));
  EXPECT_THROW(sign_report(with_signature, "Dr. B", "t3"), UsageError);
  Edit text;
  text.impression_text = "Known scar; no follow-up.";
  const Report amended = edit_report(with_signature, text, "Dr. C", "t4");
  EXPECT_EQ(amended.state, "amended");
  ASSERT_EQ(amended.steps.size(), 4u);
  // Each step leads from the state before to its own.
  Json before = to_json(draft);
  EXPECT_EQ(amended.steps[1].before, sha256(report_bytes(draft)));
  Json after = before.patch(amended.steps[1].changes);
  EXPECT_EQ(after["findings"], to_json(edited)["findings"]);
  EXPECT_EQ(amended.steps[3].by, "Dr. C");
  // A reader's own words outlive later edits of fields.
  Edit again;
  again.set = {parse_set("0.shape=oval")};
  EXPECT_THAT(report_text(edit_report(amended, again, "Dr. C", "t5")),
              HasSubstr("Known scar; no follow-up."));
}

TEST(Life, WhatIsNoEdit) {
  const Report draft = sample_report(breast_findings());
  Edit nothing;
  EXPECT_THROW(edit_report(draft, nothing, "A", "t"), UsageError);
  for (const char* wrong : {"margin=x", "0.margin", "x.margin=oval", ".margin=oval", "0=oval"})
    EXPECT_THROW(parse_set(wrong), UsageError) << wrong;
  for (const char* wrong : {"1.margin=angular", "0.hue=red", "0.margin=red"}) {
    Edit edit;
    edit.set = {parse_set(wrong)};
    EXPECT_THROW(edit_report(draft, edit, "A", "t"), UsageError) << wrong;
  }
  Edit edit;
  edit.set = {parse_set("0.side=right")};
  EXPECT_THROW(edit_report(draft, edit, "", "t"), UsageError);
  EXPECT_THROW(sign_report(draft, "", "t"), UsageError);
}

// A reader's "malignant" is no likelihood of 100 %: the table is fed by a model's probability alone.
TEST(Life, AReadersWordIsNoProbability) {
  Edit edit;
  edit.set = {parse_set("0.pathology=malignant")};
  const Report edited = edit_report(sample_report(breast_findings()), edit, "A", "t");
  EXPECT_EQ(edited.findings[0].verdicts[0].category, "");
}

TEST(Text, BothLanguagesSayWhatItIsFor) {
  EXPECT_THAT(report_text(sample_report(breast_findings())),
              ::testing::StartsWith("Ultrasound report\nResearch use only"));
  EXPECT_THAT(report_text(sample_report(breast_findings())),
              HasSubstr("BI-RADS 4C (tissue sampling), malignant with 70 %."));
  const std::string chinese = report_text(sample_report(breast_findings(), "zh"));
  EXPECT_THAT(chinese, HasSubstr("仅供研究使用"));
  EXPECT_THAT(chinese, HasSubstr("乳腺病灶（93%）：侧别左侧（80%）"));
  EXPECT_THAT(chinese, HasSubstr("BI-RADS 4C（组织学检查），恶性可能性 70%。"));
  EXPECT_THROW(sample_report(breast_findings(), "fr"), UsageError);
}

// Why a length from (10,10) to (300,300) has no millimetres.
std::string why(std::vector<dicom::Region> regions, std::optional<std::pair<double, double>> spacing = {},
                dicom::PixelPoint to = {300, 300}) {
  const dicom::Calibration calibration{640, 480, std::move(regions), spacing, std::nullopt};
  return dicom::scale_at(calibration, {{10, 10}, to}).reason;
}

TEST(Reasons, EveryReasonOfTheReadingLayerIsToldInChinese) {
  const dicom::Region whole{0, 0, 639, 479, 3, 3, 0.01, 0.01, 1, 1};
  auto part = whole, other = whole, seconds = whole, coarse = whole, beyond = whole, flat = whole,
       finer = whole;
  part.x1 = 200, other.x0 = 200, seconds.units_x = 4, coarse.delta_y = 20, finer.delta_x = 0.02;
  beyond.x1 = 900, beyond.y1 = 900, flat.x1 = 0;
  const std::vector<std::string> reasons = {why({}),
                                            why({whole}, {}, {700, 10}),
                                            why({part, other}),
                                            why({part}),
                                            why({seconds}),
                                            why({coarse}),
                                            why({beyond}),
                                            why({flat}),
                                            why({whole}, std::pair{0.3, 0.3}),
                                            why({whole, finer})};
  for (const auto& english : reasons) {
    ASSERT_FALSE(english.empty());
    const std::string chinese = reason_text(english, "breast", "zh");
    EXPECT_EQ(reason_text(english, "breast", "en"), english);
    EXPECT_EQ(chinese.find("the "), chinese.npos) << english;
    const auto digits = [](const std::string& text) {
      std::string all;
      for (const char c : text)
        if (c >= '0' && c <= '9') all += c;
      return all;
    };
    EXPECT_EQ(digits(chinese), digits(english)) << chinese;
  }
  EXPECT_EQ(reason_text("(700,10) lies outside the picture of 640 x 480", "breast", "zh"),
            "点（700，10）在 640 x 480 的图像之外");
  EXPECT_EQ(reason_text("not known: margin, shape", "breast", "zh"), "未知：边缘、形态");
  EXPECT_EQ(reason_text("not known: margin, menopause", "adnexa", "zh"), "未知：内壁或外轮廓、绝经");
  EXPECT_EQ(reason_text("not known: colour", "breast", "zh"), "未知：colour");
  EXPECT_EQ(reason_text("not known:", "breast", "zh"), "not known:");
  EXPECT_EQ(reason_text("", "breast", "zh"), "");
}

TEST(Reasons, AChineseReportTellsThem) {
  auto findings = breast_findings();
  const auto scale = [](const std::string&, int64_t) { return dicom::Calibration{640, 480, {}, {}, {}}; };
  const auto report = draft_report(findings, sample_study(), scale, {"zh", "p", "t", std::nullopt});
  EXPECT_THAT(report_text(report), HasSubstr("（无毫米：文件没有区域标定）"));
}

TEST(Fhir, StatusFollowsTheState) {
  const Report draft = sample_report(breast_findings());
  const auto status = [](const Report& report) {
    return fhir_bundle(report)["entry"][0]["resource"]["status"];
  };
  EXPECT_EQ(status(draft), "preliminary");
  const Report with_signature = sign_report(draft, "A", "2026-03-01T12:30:00Z");
  EXPECT_EQ(status(with_signature), "final");
  Edit edit;
  edit.set = {parse_set("0.side=right")};
  EXPECT_EQ(status(edit_report(with_signature, edit, "A", "2026-03-01T12:40:00Z")), "amended");
}

TEST(Fhir, EveryReferenceIsInTheBundle) {
  const Json bundle = fhir_bundle(sample_report(breast_findings()), "%PDF-");
  std::set<std::string> urls;
  for (const auto& entry : bundle["entry"])
    EXPECT_TRUE(urls.insert(entry["fullUrl"].get<std::string>()).second);
  const std::function<void(const Json&)> walk = [&](const Json& json) {
    if (json.is_object() && json.contains("reference")) {
      EXPECT_TRUE(urls.contains(json["reference"].get<std::string>()));
    }
    if (json.is_structured())
      for (const auto& part : json) walk(part);
  };
  walk(bundle);
  EXPECT_EQ(bundle["entry"][0]["resource"]["presentedForm"][0]["contentType"], "application/pdf");
}

}  // namespace
}  // namespace conclave::ultrasound
