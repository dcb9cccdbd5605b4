// Published checkpoints give the numbers of their original code.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
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
            (std::set<std::string>{"llava-1.5", "mistral", "olmo2", "phi", "phi3", "qwen2", "qwen2.5-vl",
                                   "qwen3", "qwen3-next", "qwen3.5-moe", "qwen3.5-vl", "ernie-4.5-vl",
                                   "deepseek-moe", "qwen3-omni", "qwen2-vl", "qwen3-vl-moe"}));
}

// What layers keep of earlier tokens stands for the tokens themselves: the logits of decoding are the
// original's.
TEST(Parity, TokenByTokenGivesTheOriginalsLogits) {
  const at::NoGradGuard no_grad;
  for (const char* name : {"qwen3-next", "qwen3.5-moe"}) {
    const auto folder = std::filesystem::path(CONCLAVE_SOURCE_DIR) / "tests/parity" / name;
    const auto model = load_checkpoint(open_checkpoint(folder));
    const Tensor ids_1L = Safetensors(folder / "inputs.safetensors").tensor("input_ids").narrow(0, 0, 1);
    const Tensor wanted_LV = Safetensors(folder / "expected.safetensors").tensor("logits")[0];
    CausalLm& text = *model->text;
    DecodeState state = text.new_state();
    std::vector<Tensor> parts = {text.step(ids_1L.narrow(1, 0, 30), {}, state)};
    for (int64_t t = 30; t < ids_1L.size(1); ++t)
      parts.push_back(text.step(ids_1L.narrow(1, t, 1), {}, state));
    const Tensor logits_LV = text.logits(at::cat(parts, 1))[0];
    ASSERT_EQ(logits_LV.sizes(), wanted_LV.sizes());
    EXPECT_LT((logits_LV - wanted_LV).abs().max().item<double>(), 1e-4) << name;
  }
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

TEST(Parity, NewerLayersAreHeldToTheirNumbers) {
  const testing::TempDir dir;
  const auto first_difference = [&](const char* folder, const std::string& tensor, double by,
                                    int64_t place = 1) {
    const auto from = std::filesystem::path(CONCLAVE_SOURCE_DIR) / "tests/parity" / folder;
    copy_changed(from, dir / "changed",
                 [&](Tensors& tensors, Json&) { tensors.at(tensor).view(-1)[place].add_(by); });
    return verify_checkpoint(dir / "changed").first_difference;
  };
  const std::string delta = "model.layers.0.linear_attn.";
  for (const char* part : {"A_log", "dt_bias", "conv1d.weight", "norm.weight"}) {
    EXPECT_EQ(first_difference("qwen3-next", delta + part, 0.05), "router_logits.0") << part;
    EXPECT_EQ(first_difference("qwen3.5-moe", delta + part, 0.05), "router_logits.0") << part;
  }
  // The last rows of the fused projection are a gate's, those of a head's query lie before its own gate.
  EXPECT_EQ(first_difference("qwen3-next", delta + "in_proj_qkvz.weight", 0.05, 96 * 32 - 1),
            "router_logits.0");
  EXPECT_EQ(first_difference("qwen3-next", "model.layers.3.self_attn.q_proj.weight", 0.05, 20 * 32),
            "router_logits.3");
  EXPECT_EQ(first_difference("qwen3.5-vl", "model.visual.merger.linear_fc1.bias", 0.05), "router_logits.0");

  const std::string ernie = "model.layers.1.mlp.";
  EXPECT_EQ(first_difference("ernie-4.5-vl", ernie + "gate.weight", 0.05), "router.1.lan.logits");
  EXPECT_EQ(first_difference("ernie-4.5-vl", ernie + "gate.weight_1", 0.05), "router.1.vis.logits");
  EXPECT_EQ(first_difference("ernie-4.5-vl", ernie + "moe_statics.e_score_correction_bias", 2, 2),
            "router.1.lan.experts");
  EXPECT_EQ(first_difference("ernie-4.5-vl", ernie + "moe_statics.e_score_correction_bias", 2, 8),
            "router.1.vis.experts");
  EXPECT_EQ(first_difference("ernie-4.5-vl", ernie + "experts.7.up_proj.weight", 0.05), "hidden.1");
  EXPECT_EQ(first_difference("ernie-4.5-vl", "model.resampler_model.temporal_linear.0.bias", 0.5),
            "hidden.0");
}

TEST(Parity, BothHalvesOfQwen3OmniAreHeldToTheirNumbers) {
  const auto from = std::filesystem::path(CONCLAVE_SOURCE_DIR) / "tests/parity/qwen3-omni";
  const testing::TempDir dir;
  const auto first_difference = [&](const char* tensor) {
    copy_changed(from, dir / "changed",
                 [&](Tensors& tensors, Json&) { tensors.at(tensor).view(-1)[1].add_(0.5); });
    return verify_checkpoint(dir / "changed").first_difference;
  };
  EXPECT_EQ(first_difference("thinker.visual.merger.mlp.0.bias"), "router_logits.0");
  EXPECT_EQ(first_difference("thinker.visual.merger_list.1.ln_q.bias"), "hidden.1");
  EXPECT_EQ(first_difference("talker.hidden_projection.linear_fc1.bias"), "talker.hidden.0");
  EXPECT_EQ(first_difference("talker.model.layers.0.mlp.shared_expert_gate.weight"), "talker.hidden.1");
  EXPECT_EQ(first_difference("talker.codec_head.weight"), "talker.logits");
  EXPECT_EQ(first_difference("talker.code_predictor.lm_head.2.weight"), "talker.predictor.logits");

  // A folder with the talker alone has the same numbers under shorter names.
  copy_changed(from, dir / "talker", [](Tensors& tensors, Json& config) {
    Tensors kept;
    for (const auto& [name, tensor] : tensors)
      if (name.starts_with("talker.")) kept[name.substr(7)] = tensor;
    tensors = kept;
    config = config["talker_config"];
    config["architectures"] = {"Qwen3OmniMoeTalkerForConditionalGeneration"};
  });
  const VerifyResult alone = verify_checkpoint(dir / "talker");
  EXPECT_TRUE(alone.pass()) << alone.json().dump(2);
  EXPECT_THAT(alone.unchecked, ::testing::Contains("logits"));
  EXPECT_THAT(alone.unchecked, ::testing::Not(::testing::Contains("talker.logits")));
  EXPECT_THAT(alone.unchecked, ::testing::Not(::testing::Contains("talker.gen.codes")));
}

TEST(Parity, APlaceForSoundIsAnErrorThatNamesIt) {
  const auto model = load_checkpoint(
      open_checkpoint(std::filesystem::path(CONCLAVE_SOURCE_DIR) / "tests/parity/qwen3-omni"));
  Inputs inputs;
  inputs.ids_NL = at::tensor({5, 55, 54, 6}, at::kLong).unsqueeze(0);
  try {
    model->read(inputs);
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), HasSubstr("a place for sound (token 54), which"));
  }
}

TEST(Parity, SoDoModelsOfOtherKinds) {
  for (const char* folder :
       {"nllb-moe", "musicgen", "unimoe-audio", "encodec", "dac", "mimi", "llava_mole-sparse"})
    CONCLAVE_NEED_DATA("parity/" + std::string(folder));
  const testing::TempDir dir;
  const auto first_difference = [&](const char* folder, const char* tensor, double by = 0.05) {
    copy_changed(folder, dir / folder,
                 [&](Tensors& tensors, Json&) { tensors.at(tensor).view(-1)[1].add_(by); });
    const auto first = verify_checkpoint(dir / folder).first_difference;
    std::filesystem::remove_all(dir / folder);
    return first;
  };
  EXPECT_EQ(first_difference("nllb-moe", "model.encoder.layers.1.ffn.router.classifier.weight"),
            "router_logits.encoder.1");
  EXPECT_EQ(first_difference("nllb-moe", "model.decoder.layers.2.cross_attention.out_proj.bias"),
            "decoder.hidden.2");
  EXPECT_EQ(first_difference("musicgen", "decoder.lm_heads.2.weight"), "logits");
  EXPECT_EQ(first_difference("musicgen", "audio_encoder.decoder.layers.0.conv.bias"), "gen.audio");
  EXPECT_EQ(first_difference("unimoe-audio", "model.layers.1.mlp.gate.weight"), "router_logits.1");
  EXPECT_EQ(first_difference("unimoe-audio", "codec_head.weight"), "codec_logits");
  EXPECT_EQ(first_difference("encodec", "encoder.layers.15.conv.bias"), "encoder_out");
  EXPECT_EQ(first_difference("dac", "decoder.model.0.bias"), "audio");
  EXPECT_EQ(first_difference("mimi", "encoder_transformer.layers.1.mlp.fc2.weight", 20),
            "encoder_transformer_out");
  EXPECT_EQ(
      first_difference("llava_mole-sparse", "llm_model.base_model.model.model.layers.1.mlp.router.bias"),
      "image.router.1.logits");
}

// In bfloat16 close scores may change places, and only close ones.
TEST(Parity, NarrowWeightsChooseOtherwiseInTiesAlone) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe");
  CONCLAVE_NEED_DATA("parity/mixtral");
  CONCLAVE_NEED_DATA("parity/olmoe");
  CONCLAVE_NEED_DATA("parity/qwen2-moe");
  for (const char* name : {"qwen3-moe", "mixtral", "olmoe", "qwen2-moe"}) {
    const VerifyResult result = verify_checkpoint(testing::parity_folder(name), {}, "bfloat16");
    EXPECT_TRUE(result.pass()) << result.json().dump(2);
    EXPECT_GT(result.agreement.tokens, 20);
    EXPECT_GT(result.agreement.equal, result.agreement.tokens * 8 / 10);
    EXPECT_LE(result.agreement.widest_margin, result.agreement.bound);
    EXPECT_GT(result.largest.at("logits"), 1e-4);  // it did run in bfloat16
  }
  // Two rows of a router exchanged are no ties.
  const testing::TempDir dir;
  copy_changed("qwen3-moe", dir / "changed", [](Tensors& tensors, Json&) {
    auto& gate = tensors.at("model.layers.0.mlp.gate.weight");
    gate = gate.roll(1, 0);
  });
  const VerifyResult result = verify_checkpoint(dir / "changed", {}, "bfloat16");
  EXPECT_EQ(result.first_difference, "expert_ids.0");
  EXPECT_GT(result.agreement.widest_margin, result.agreement.bound);
  EXPECT_THROW(verify_checkpoint(dir / "changed", {}, "int3"), UsageError);
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
