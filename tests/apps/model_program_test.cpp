// conclave-model end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "framework/base/json.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;

Outcome model(std::vector<std::string> words) {
  words.insert(words.begin(), "conclave-model");
  words.push_back("--no-history");
  return testing::run_program(words);
}

std::string parity(const char* folder) {
  return (*testing::data_dir() / "parity" / folder).string();
}

TEST(ModelProgram, VerifyPrintsOneRecordForEachFolder) {
  CONCLAVE_NEED_DATA("parity/olmoe");
  CONCLAVE_NEED_DATA("parity/deepseek-v2");
  const Outcome outcome = model({"verify", parity("olmoe"), "nowhere", parity("deepseek-v2"), "--json"});
  EXPECT_EQ(outcome.code, 1);
  std::istringstream lines(outcome.out);
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  const Json first = parse_json(line, "stdout");
  EXPECT_EQ(first["architecture"], "OLMoE");
  EXPECT_EQ(first["pass"], true);
  EXPECT_EQ(first["experts_equal"], true);
  EXPECT_EQ(first["tokens_equal"], true);
  EXPECT_LT(first["largest_difference"]["logits"], 1e-4);
  EXPECT_TRUE(first["first_difference"].is_null());
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_THAT(parse_json(line, "stdout")["error"]["message"], HasSubstr("is not a folder"));
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(parse_json(line, "stdout")["architecture"], "DeepSeek-V2");
}

TEST(ModelProgram, InspectCountsWithoutReading) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe");
  const Outcome outcome = model({"inspect", parity("qwen3-moe"), "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const Json summary = parse_json(outcome.out, "stdout");
  EXPECT_EQ(summary["architecture"], "Qwen3-MoE");
  EXPECT_EQ(summary["experts"], 8);
  EXPECT_EQ(summary["experts_per_token"], 3);
  EXPECT_LT(summary["active_parameters"], summary["parameters"]);
}

TEST(ModelProgram, ConvertWritesSafetensors) {
  CONCLAVE_NEED_DATA("parity/dac-pth");
  const testing::TempDir dir;
  const auto to = (dir / "dac").string();
  const Outcome outcome = model({"convert", parity("dac-pth") + "/weights_16khz.pth", to, "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(parse_json(outcome.out, "stdout")["tensors"], 259);
  const Outcome inspected = model({"inspect", to, "--json"});
  EXPECT_EQ(parse_json(inspected.out, "stdout")["architecture"], "DAC");
  // A second time would write over the first.
  const Outcome again = model({"convert", parity("dac-pth"), to});
  EXPECT_NE(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("has model.safetensors already"));
}

TEST(ModelProgram, FoldersThatAreNoneAreErrors) {
  const Outcome outcome = model({"inspect", "/nowhere"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is not a folder"));
}

}  // namespace
}  // namespace conclave
