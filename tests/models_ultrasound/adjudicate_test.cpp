#include "models/ultrasound/report/adjudicate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "sample_report.h"

namespace conclave::ultrasound {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A lesion 40 pixels wide from x on, with one margin.
AnnotatedFindings reader(const std::string& name, double x, const std::string& margin) {
  Finding lesion;
  lesion.kind = "breast_lesion";
  lesion.evidence = {"", 0, Box{x, 10, 40, 20}};
  Mask mask{100, 50, std::vector<uint8_t>(5000)};
  for (int64_t y = 10; y < 30; ++y)
    for (auto column = static_cast<int64_t>(x); column < static_cast<int64_t>(x) + 40; ++column)
      mask.pixels[static_cast<size_t>(y * 100 + column)] = 1;
  lesion.mask = std::move(mask);
  lesion.fields = {{"margin", margin, 1, margin.empty(), "", {}, std::nullopt}};
  return {name, {"breast", "", false, "", 0, {lesion}, {}}};
}

TEST(Adjudicate, AMajorityHoldsAndVotesAreKept) {
  const auto joined =
      adjudicate({reader("ana", 10, "angular"), reader("bo", 12, "angular"), reader("cy", 10, "indistinct")});
  ASSERT_EQ(joined.findings.size(), 1u);
  const auto& row = joined.findings[0];
  EXPECT_EQ(row.finding.fields[0].value, "angular");
  EXPECT_NEAR(row.finding.fields[0].probabilities.at("indistinct"), 1.0 / 3, 1e-12);
  EXPECT_THAT(joined.disagreements, IsEmpty());
  EXPECT_EQ(row.masks.size(), 3u);
  // 40 and 40 columns that share 38, twice, and two equal ones.
  EXPECT_NEAR(row.mask_agreement, (0.95 + 0.95 + 1) / 3, 1e-12);
  EXPECT_EQ(row.finding.mask->pixels, row.masks[0].second.pixels);  // two of three
  const Json json = to_json(joined);
  EXPECT_EQ(json["findings"][0]["votes"]["margin"]["cy"], "indistinct");
  EXPECT_EQ(findings_from_json(json, "joined").findings[0].fields[0].value, "angular");
}

TEST(Adjudicate, TwoWhoDifferLeaveItOpen) {
  auto joined = adjudicate({reader("ana", 10, "angular"), reader("bo", 10, "indistinct")});
  EXPECT_TRUE(joined.findings[0].finding.fields[0].abstained);
  EXPECT_THAT(joined.disagreements, ElementsAre("0.margin: the readers differ"));
  decide(joined, {parse_set("0.margin=indistinct")}, "cy");
  EXPECT_EQ(joined.findings[0].finding.fields[0].value, "indistinct");
  EXPECT_EQ(joined.findings[0].finding.fields[0].probabilities.at("angular"), 0.5);
  EXPECT_THAT(joined.disagreements, IsEmpty());
  EXPECT_THROW(decide(joined, {parse_set("0.margin=red")}, "cy"), UsageError);
  EXPECT_THROW(decide(joined, {parse_set("1.margin=angular")}, "cy"), UsageError);
  EXPECT_THROW(decide(joined, {parse_set("0.margin=angular")}, ""), UsageError);
}

TEST(Adjudicate, AFieldLeftOpenIsNoVote) {
  const auto joined = adjudicate({reader("ana", 10, "angular"), reader("bo", 10, "")});
  EXPECT_EQ(joined.findings[0].finding.fields[0].value, "angular");
  EXPECT_TRUE(to_json(joined)["findings"][0]["votes"]["margin"]["bo"].is_null());
}

TEST(Adjudicate, FarApartIsTwo) {
  const auto joined = adjudicate({reader("ana", 0, "angular"), reader("bo", 50, "angular")});
  EXPECT_EQ(joined.findings.size(), 2u);
  EXPECT_THAT(joined.disagreements, Contains(HasSubstr("seen by 1 of 2 readers")));
  EXPECT_DOUBLE_EQ(joined.findings[0].finding.confidence, 0.5);
}

TEST(Adjudicate, WrongUse) {
  EXPECT_THROW(adjudicate({reader("ana", 10, "angular")}), UsageError);
  EXPECT_THROW(adjudicate({reader("ana", 10, "angular"), reader("ana", 10, "angular")}), UsageError);
  auto other = reader("bo", 10, "");
  other.findings.organ = "thyroid";
  EXPECT_THROW(adjudicate({reader("ana", 10, "angular"), other}), UsageError);
  EXPECT_THROW(dice({2, 2, {0, 0, 0, 0}}, {1, 1, {0}}), UsageError);
  EXPECT_DOUBLE_EQ(dice({1, 2, {0, 0}}, {1, 2, {0, 0}}), 1);
}

}  // namespace
}  // namespace conclave::ultrasound
