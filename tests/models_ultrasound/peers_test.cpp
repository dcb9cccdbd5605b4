// What other implementations read in a report's files. Needs Python with pydicom, highdicom and
// fhir.resources: CONCLAVE_PYTHON names it, else python3 is tried.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/base/child_process.h"
#include "framework/base/file.h"
#include "models/ultrasound/report/dicom_objects.h"
#include "models/ultrasound/report/fhir.h"
#include "models/ultrasound/report/life.h"
#include "sample_report.h"
#include "testing/testing.h"

namespace conclave::ultrasound {
namespace {

TEST(Peers, ReadTheSameValues) {
  const conclave::testing::TempDir dir;
  const Report breast = conclave::testing::sample_report(conclave::testing::breast_findings());
  const Report head = sign_report(conclave::testing::sample_report(conclave::testing::head_findings()),
                                  "Díaz^Ana", "2026-03-01T12:30:00Z");
  for (const auto& [name, report] : {std::pair{"breast", &breast}, {"head", &head}}) {
    write_file(dir / (std::string(name) + ".sr.dcm"), report_sr(*report));
    write_file(dir / (std::string(name) + ".fhir.json"), fhir_bundle(*report, "%PDF-1.5").dump());
  }
  write_file(dir / "breast.seg.dcm", report_segmentation(breast));
  const char* named = std::getenv("CONCLAVE_PYTHON");
  const std::string script = std::string(CONCLAVE_SOURCE_DIR) + "/tests/models_ultrasound/peers/read_back.py";
  const auto said = run_child({"/usr/bin/env", named ? named : "python3", script, dir.path().string()});
  if (said.code == 77 || said.code == 127) GTEST_SKIP() << "no Python with the packages: " << said.out;
  ASSERT_EQ(said.code, 0) << said.out;
  const Json told = parse_json(said.out, "peers");
  const auto& lesion = told["breast.sr.dcm"];
  EXPECT_EQ(lesion["template"], "1500");
  EXPECT_EQ(lesion["numbers"], (Json{{"Long Axis", {16.0, "mm"}}, {"Short Axis", {12.0, "mm"}}}));
  EXPECT_EQ(lesion["regions"][0][0], (Json{100.5, 120.5}));
  EXPECT_THAT(lesion["codes"].dump(), ::testing::HasSubstr("[\"side\",\"left\"]"));
  const auto& numbers = told["head.sr.dcm"]["numbers"];
  EXPECT_EQ(told["head.sr.dcm"]["template"], "5000");
  EXPECT_NEAR(numbers["Head Circumference"][0].get<double>(), *head.findings[0].measurements[0].mm, 1e-6);
  EXPECT_NEAR(numbers["Gestational Age"][0].get<double>(), 7 * *head.growth[0].weeks, 1e-6);
  EXPECT_EQ(told["breast.seg.dcm"]["set"], 80 * 60);
  EXPECT_EQ(told["breast.fhir.json"]["status"], "preliminary");
  EXPECT_EQ(told["head.fhir.json"]["status"], "final");
}

}  // namespace
}  // namespace conclave::ultrasound
