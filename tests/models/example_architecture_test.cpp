// The example of docs/checkpoints.md: a model nobody here has heard of, read by a table.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/file.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/architectures/families.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/run_case.h"
#include "testing/testing.h"

namespace conclave {
namespace {

// [example]
// "Heron" is Llama with eight experts in every second layer. It calls its router "chooser", keeps gate and up
// of all experts in one tensor, and multiplies the weights of the two best by a factor.
Architecture heron() {
  const Json config = Json::parse(R"({
    "text": {
      "moe_layers": {"$layers": {"count": "$num_hidden_layers", "every": 2, "offset": 1}},
      "moe": {
        "experts": {"count": "$heron_experts", "hidden": "$heron_width", "activation": "$hidden_act"},
        "router": {"score": "linear",
                   "select": {"kind": "top_k", "k": "$heron_top_k=2"},
                   "weigh": ["softmax", "normalise", {"kind": "scale", "by": "$heron_scale=1.0"}]}
      }
    }
  })");
  const std::string ours = "model.layers.*.mlp.", theirs = "model.layers.*.heron.";
  auto table = derive(llama(), "Heron", {"HeronForCausalLM"}, config,
                      {{ours + "router.score.weight", theirs + "chooser.weight"},
                       {ours + "experts.w1 + " + ours + "experts.w3", theirs + "in_proj"},
                       {ours + "experts.w2", theirs + "out_proj"}});
  table.only = Json::parse(R"({"heron_noise": [false]})");
  return table;
}
// [example]

TEST(ExampleArchitecture, LoadsAndRuns) {
  const testing::TempDir dir;
  const Json config = {{"architectures", {"HeronForCausalLM"}},
                       {"hidden_size", 16},
                       {"intermediate_size", 24},
                       {"num_hidden_layers", 2},
                       {"num_attention_heads", 4},
                       {"num_key_value_heads", 2},
                       {"hidden_act", "silu"},
                       {"rms_norm_eps", 1e-5},
                       {"max_position_embeddings", 64},
                       {"vocab_size", 20},
                       {"tie_word_embeddings", true},
                       {"heron_experts", 8},
                       {"heron_width", 12},
                       {"heron_scale", 1.5},
                       {"heron_noise", false}};
  TensorList tensors = {{"model.embed_tokens.weight", at::randn({20, 16})},
                        {"model.norm.weight", at::ones({16})}};
  for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
    for (const char* norm : {"input_layernorm.weight", "post_attention_layernorm.weight"})
      tensors.emplace_back(layer + norm, at::ones({16}));
    tensors.emplace_back(layer + "self_attn.q_proj.weight", at::randn({16, 16}));
    tensors.emplace_back(layer + "self_attn.k_proj.weight", at::randn({8, 16}));
    tensors.emplace_back(layer + "self_attn.v_proj.weight", at::randn({8, 16}));
    tensors.emplace_back(layer + "self_attn.o_proj.weight", at::randn({16, 16}));
  }
  for (const char* name : {"gate_proj", "up_proj"})
    tensors.emplace_back(fmt::format("model.layers.0.mlp.{}.weight", name), at::randn({24, 16}));
  tensors.emplace_back("model.layers.0.mlp.down_proj.weight", at::randn({16, 24}));
  tensors.emplace_back("model.layers.1.heron.chooser.weight", at::randn({8, 16}));
  tensors.emplace_back("model.layers.1.heron.in_proj", at::randn({8, 24, 16}));
  tensors.emplace_back("model.layers.1.heron.out_proj", at::randn({8, 16, 12}));
  save_safetensors(dir / "model.safetensors", tensors);
  write_file(dir / "config.json", config.dump());

  const Architecture table = heron();
  const auto folder = open_checkpoint(dir.path(), &table);
  const auto model = load_checkpoint(folder);
  Inputs inputs;
  inputs.ids_NL = at::arange(10).view({2, 5});
  const CaseOutputs got = run_case(*model, folder.config, inputs);
  EXPECT_EQ(got.logits_NLV.sizes(), (at::IntArrayRef{2, 5, 20}));
  ASSERT_EQ(got.routings.size(), 1u);
  EXPECT_EQ(got.routings[0].layer, 1);
  const Tensor sum_T = got.routings[0].routing.weight_TK.sum(1);
  EXPECT_LT((sum_T - 1.5).abs().max().item<float>(), 1e-5);
}

// The page shows this very code.
TEST(ExampleArchitecture, ThePageShowsThisCode) {
  const std::string source =
      read_file(std::string(CONCLAVE_SOURCE_DIR) + "/tests/models/example_architecture_test.cpp");
  const std::string mark = "// [example]\n";
  const size_t begin = source.find(mark) + mark.size(), end = source.find(mark, begin);
  const std::string page = read_file(std::string(CONCLAVE_SOURCE_DIR) + "/docs/checkpoints.md");
  EXPECT_NE(page.find(source.substr(begin, end - begin)), std::string::npos);
}

}  // namespace
}  // namespace conclave
