// Published checkpoints give the numbers of their original code.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/summary.h"
#include "models/checkpoint/verify.h"
#include "models/parity_folders.h"

namespace conclave {
namespace {

using testing::copy_changed;
using ::testing::HasSubstr;
using Tensors = std::map<std::string, Tensor>;

// Verifies every folder below `parent`; gives their names.
std::set<std::string> verify_all(const std::filesystem::path& parent) {
  std::set<std::string> passed;
  for (const auto& entry : std::filesystem::directory_iterator(parent)) {
    if (!entry.is_directory()) continue;
    const auto name = entry.path().filename().string();
    SCOPED_TRACE(name);
    try {
      const auto base = is_adapter(entry.path()) ? base_of_adapter(entry.path()) : entry.path();
      EXPECT_GT(summarise_checkpoint(open_checkpoint(base))["parameters"], 0);
      const VerifyResult result = verify_checkpoint(entry.path());
      EXPECT_TRUE(result.pass()) << result.json().dump(2);
      EXPECT_TRUE(result.experts_equal && result.tokens_equal);
      EXPECT_TRUE(result.largest.contains("logits") || result.largest.contains("audio"));
      if (result.pass()) passed.insert(name);
    } catch (const Error& e) {
      ADD_FAILURE() << e.what();
    }
  }
  return passed;
}

// Whatever folders there are: one that cannot be run fails.
TEST(Parity, EveryFolderGivesTheOriginalsNumbers) {
  CONCLAVE_NEED_DATA("parity");
  EXPECT_GE(verify_all(*testing::data_dir() / "parity").size(), 37u);
}

// Made by tests/parity/make_references.py from the original classes.
TEST(Parity, TheReferencesBesideTheTests) {
  const auto passed = verify_all(std::filesystem::path(CONCLAVE_SOURCE_DIR) / "tests/parity");
  EXPECT_EQ(passed,
            (std::set<std::string>{"llava-1.5", "mistral", "olmo2", "phi", "phi3", "qwen2", "qwen3"}));
}

// A verifier that could not fail would prove nothing.
TEST(Parity, OneChangedValueIsFoundAndNamed) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe");
  CONCLAVE_NEED_DATA("parity/deepseek-v3");
  const testing::TempDir dir;
  const auto first_difference = [&](const char* folder, const std::function<void(Tensors&, Json&)>& change) {
    copy_changed(folder, dir / "changed", change);
    const VerifyResult result = verify_checkpoint(dir / "changed");
    EXPECT_FALSE(result.pass());
    return result.first_difference;
  };
  const auto add = [](const std::string& name, double value) {
    return [=](Tensors& tensors, Json&) { tensors.at(name).view(-1)[5].add_(value); };
  };
  EXPECT_EQ(first_difference("qwen3-moe", add("model.layers.1.self_attn.o_proj.weight", 0.05)),
            "router_logits.1");
  EXPECT_EQ(first_difference("qwen3-moe", add("model.layers.0.mlp.experts.3.up_proj.weight", 0.05)),
            "hidden.0");
  EXPECT_EQ(first_difference("qwen3-moe", add("model.norm.weight", 0.01)), "final_norm");
  EXPECT_EQ(first_difference("qwen3-moe", add("lm_head.weight", 0.01)), "logits");
  EXPECT_EQ(first_difference("qwen3-moe", [](Tensors&, Json& c) { c["rope_theta"] = 20000.0; }),
            "router_logits.0");
  EXPECT_EQ(first_difference("deepseek-v3", add("model.layers.2.mlp.gate.e_score_correction_bias", 0.5)),
            "expert_ids.2");
}

TEST(Parity, FoldersWithoutRecordsAreAnError) {
  CONCLAVE_NEED_DATA("parity/olmoe");
  const testing::TempDir dir;
  copy_changed("olmoe", dir / "bare", [](Tensors&, Json&) {});
  std::filesystem::remove(dir / "bare/expected.safetensors");
  try {
    verify_checkpoint(dir / "bare");
    FAIL();
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), HasSubstr("has no expected.safetensors to compare with"));
  }
}

}  // namespace
}  // namespace conclave
