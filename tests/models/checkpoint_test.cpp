// Reading folders as published: layouts, dtypes, and what is said about folders that are wrong.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/config_template.h"
#include "models/checkpoint/name_map.h"
#include "models/checkpoint/run_case.h"
#include "models/checkpoint/summary.h"
#include "models/parity_folders.h"
#include "testing/numeric.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::AllOf;
using testing::copy_changed;
using testing::error_of;
using ::testing::HasSubstr;
using testing::max_difference;
using testing::parity_folder;
using Tensors = std::map<std::string, Tensor>;

Ptr<Multimodal> load(const std::filesystem::path& folder, std::optional<at::ScalarType> dtype = {}) {
  return load_checkpoint(open_checkpoint(folder), dtype);
}

TEST(ConfigTemplate, Expressions) {
  const Json published =
      Json::parse(R"({"a": 3, "b": null, "deep": {"c": 2.5}, "flag": false, "kind": "x"})");
  const auto fill = [&](const char* text) {
    return fill_template(Json::parse(text), published, "config.json");
  };
  EXPECT_EQ(fill(R"("$a")"), 3);
  EXPECT_EQ(fill(R"("$b|a")"), 3);
  EXPECT_EQ(fill(R"("$b|none=7")"), 7);
  EXPECT_EQ(fill(R"("$deep.c")"), 2.5);
  EXPECT_EQ(fill(R"({"x": "$b=null", "y": "$a"})"), Json({{"y", 3}}));
  EXPECT_EQ(fill(R"({"$if": "$flag", "then": 1, "else": 2})"), 2);
  EXPECT_EQ(fill(R"({"$case": "$kind", "of": {"x": ["$a"]}})"), Json({3}));
  EXPECT_EQ(fill(R"({"$product": ["$a", "$deep.c"]})"), 7);
  EXPECT_EQ(fill(R"({"$quotient": ["$a", 2]})"), 1);
  EXPECT_EQ(fill(R"({"$layers": {"count": 6, "from": 1, "every": 2, "offset": 1, "except": [3]}})"),
            Json({1, 5}));
  EXPECT_EQ(fill_template(Json::parse(R"({"$places": "$list", "of": "x"})"),
                          Json::parse(R"({"list": ["x", "y", "x"]})"), "config.json"),
            Json({0, 2}));
  EXPECT_EQ(error_of([&] { fill(R"({"$places": "$a", "of": "x"})"); }), "config.json: 3 must be a list");
  EXPECT_EQ(error_of([&] { fill(R"("$none")"); }), "config.json: none is missing");
  EXPECT_EQ(error_of([&] { fill(R"({"$case": "$kind", "of": {"y": 1, "z": 2}})"); }),
            "config.json: kind = x is not supported (supported: y, z)");
  EXPECT_THAT(error_of([&] { fill(R"({"$product": ["$kind", 2]})"); }), HasSubstr("must be a number"));
}

TEST(NameMap, StarsPartsAndExperts) {
  EXPECT_TRUE(fits("model.layers.0.rotary_emb.inv_freq", "**.rotary_emb.inv_freq"));
  EXPECT_TRUE(fits("a.b.c", "a.*.c"));
  EXPECT_FALSE(fits("a.b.b.c", "a.*.c"));
  EXPECT_TRUE(fits("vision.attn_pool.q.weight", "vision.attn_pool.**"));
  Architecture table;
  table.names = {{"model.layers.*.w1", "model.layers.*.experts.%.gate.weight"},
                 {"model.layers.*.w1 + model.layers.*.w3", "model.layers.*.fused"},
                 {"model.layers.*.more", "model.layers.*.experts.%.gate.weight", true, "model.layers.*.w1"}};
  table.prefixes = {{"model.", "language.model."}};
  const NameMap names(table);
  const auto places = names.places("model.layers.2.w3");
  ASSERT_EQ(places.size(), 4u);  // files may lack the prefix
  EXPECT_EQ(places[3].theirs, "model.layers.2.w3");
  EXPECT_EQ(places[0].theirs, "language.model.layers.2.fused");
  EXPECT_EQ(places[0].ours, (std::vector<std::string>{"model.layers.2.w1", "model.layers.2.w3"}));
  EXPECT_EQ(places[1].theirs, "language.model.layers.2.w3");
  EXPECT_EQ(names.places("model.layers.2.w1")[0].of(7), "language.model.layers.2.experts.7.gate.weight");
  EXPECT_EQ(names.ours("language.model.layers.2.fused").ours, places[0].ours);
  PublishedName more = names.places("model.layers.2.more")[0];
  EXPECT_TRUE(more.turned && !places[0].turned);
  EXPECT_EQ(more.behind, "model.layers.2.w1");
  more.first = 4;
  EXPECT_EQ(more.of(1), "language.model.layers.2.experts.5.gate.weight");
}

TEST(Checkpoint, FusedExpertsLieEitherWay) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe-fused");
  // Here gate_up_proj is square: down_proj alone tells how the banks lie.
  const testing::TempDir dir;
  const auto turn = [](Tensors& tensors, Json&) {
    for (auto& [name, tensor] : tensors)
      if (tensor.dim() == 3) tensor = tensor.transpose(1, 2).contiguous();
  };
  copy_changed("qwen3-moe-fused", dir / "turned", turn);
  const auto plain = named_tensors(*load(parity_folder("qwen3-moe-fused")));
  const auto turned = named_tensors(*load(dir / "turned"));
  const auto single = named_tensors(*load(parity_folder("qwen3-moe")));
  ASSERT_EQ(plain.size(), turned.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(max_difference(plain[i].tensor, turned[i].tensor), 0) << plain[i].name;
    EXPECT_EQ(max_difference(plain[i].tensor, single[i].tensor), 0) << plain[i].name;
  }
}

TEST(Checkpoint, LayoutsThatShapesLeaveOpenAreErrors) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe-fused");
  const testing::TempDir dir;
  // One layer's down_proj turned, the other not.
  copy_changed("qwen3-moe-fused", dir / "mixed", [](Tensors& tensors, Json&) {
    auto& down = tensors.at("model.layers.1.mlp.experts.down_proj");
    down = down.transpose(1, 2).contiguous();
  });
  EXPECT_THAT(error_of([&] { load(dir / "mixed"); }), HasSubstr("mixed layouts"));
}

TEST(Checkpoint, DtypesAreKeptOrConverted) {
  CONCLAVE_NEED_DATA("parity/mixtral");
  const testing::TempDir dir;
  copy_changed("mixtral", dir / "half", [](Tensors& tensors, Json&) {
    for (auto& [name, tensor] : tensors) tensor = tensor.to(at::kBFloat16);
  });
  const auto kept = load(dir / "half"), wide = load(dir / "half", at::kFloat);
  EXPECT_EQ(kept->text->lm_head.weight.scalar_type(), at::kBFloat16);
  EXPECT_EQ(named_tensors(*kept->text->model->layers[0]->moe->experts)[0].tensor.scalar_type(),
            at::kBFloat16);
  EXPECT_EQ(wide->text->lm_head.weight.scalar_type(), at::kFloat);
  EXPECT_EQ(max_difference(wide->text->lm_head.weight, kept->text->lm_head.weight), 0);
  Inputs input;
  input.ids_NL = at::arange(12).view({2, 6});
  const Json config = open_checkpoint(dir / "half").config;
  EXPECT_LT(
      max_difference(run_case(*kept, config, input).logits_NLV, run_case(*wide, config, input).logits_NLV),
      0.3);
}

// DeepSeek-V3 publishes float8 weights with one scale for each block of 128 x 128.
TEST(Checkpoint, Float8WithBlockScales) {
  CONCLAVE_NEED_DATA("parity/mixtral");
  const testing::TempDir dir;
  Tensors expected;
  copy_changed("mixtral", dir / "float8", [&](Tensors& tensors, Json&) {
    Tensors scales;
    for (auto& [name, tensor] : tensors) {
      if (tensor.dim() != 2 || name.find("layers") == std::string::npos ||
          name.find("gate.weight") != std::string::npos)
        continue;
      // Blocks of 32: at least two along each side of 64.
      const int64_t rows = (tensor.size(0) + 31) / 32, columns = (tensor.size(1) + 31) / 32;
      const Tensor scale = at::rand({rows, columns}) * 0.01 + 0.001;
      const Tensor wide = scale.repeat_interleave(32, 0)
                              .narrow(0, 0, tensor.size(0))
                              .repeat_interleave(32, 1)
                              .narrow(1, 0, tensor.size(1));
      tensor = (tensor / wide).clamp(-400, 400).to(at::kFloat8_e4m3fn);
      expected[name] = tensor.to(at::kFloat) * wide;
      scales[name + "_scale_inv"] = scale;
    }
    tensors.merge(scales);
  });
  const auto model = load(dir / "float8");
  const auto& attention = dynamic_cast<const Attention&>(*model->text->model->layers[1]->self_attn);
  EXPECT_LT(max_difference(attention.k_proj.weight.to(at::kFloat),
                           expected.at("model.layers.1.self_attn.k_proj.weight")),
            2e-2);
  const auto bank = named_tensors(*model->text->model->layers[0]->moe->experts)[0];
  EXPECT_EQ(bank.tensor.scalar_type(), at::kBFloat16);
  EXPECT_LT(max_difference(bank.tensor[3].to(at::kFloat),
                           expected.at("model.layers.0.block_sparse_moe.experts.3.w1.weight")),
            2e-2);
  copy_changed("mixtral", dir / "unscaled", [](Tensors& tensors, Json&) {
    auto& w = tensors.at("model.layers.0.self_attn.q_proj.weight");
    w = w.to(at::kFloat8_e4m3fn);
  });
  EXPECT_THAT(error_of([&] { load(dir / "unscaled"); }), HasSubstr("q_proj.weight_scale_inv is missing"));
}

TEST(Checkpoint, TiedHeadsNeedNoTensor) {
  CONCLAVE_NEED_DATA("parity/olmoe");
  const testing::TempDir dir;
  copy_changed("olmoe", dir / "tied", [](Tensors& tensors, Json& config) {
    tensors.erase("lm_head.weight");
    config["tie_word_embeddings"] = true;
  });
  const auto model = load(dir / "tied");
  const Tensor x = at::randn({1, 2, 64});
  EXPECT_EQ(max_difference(model->text->logits(x), at::linear(x, model->text->embed_tokens.weight)), 0);
}

TEST(Checkpoint, NextTokenLayersStayUnread) {
  CONCLAVE_NEED_DATA("parity/deepseek-v3");
  const testing::TempDir dir;
  copy_changed("deepseek-v3", dir / "mtp", [](Tensors& tensors, Json&) {
    tensors["model.layers.3.eh_proj.weight"] = at::zeros({64, 128});
  });
  EXPECT_NO_THROW(load(dir / "mtp"));
  copy_changed("olmoe", dir / "more", [](Tensors& tensors, Json&) {
    tensors["model.layers.2.input_layernorm.weight"] = at::zeros({64});
  });
  EXPECT_THAT(error_of([&] { load(dir / "more"); }),
              HasSubstr("surplus: model.layers.2.input_layernorm.weight [64]"));
}

TEST(Checkpoint, WrongTensorsAreListedTogether) {
  CONCLAVE_NEED_DATA("parity/qwen2-moe");
  const testing::TempDir dir;
  copy_changed("qwen2-moe", dir / "wrong", [](Tensors& tensors, Json&) {
    tensors.erase("model.layers.0.mlp.experts.5.up_proj.weight");
    tensors["model.layers.1.self_attn.q_proj.weight"] = at::zeros({64, 60});
    tensors["visual.patch.weight"] = at::zeros({2});
  });
  EXPECT_THAT(
      error_of([&] { load(dir / "wrong"); }),
      AllOf(HasSubstr("does not fit Qwen2-MoE"),
            HasSubstr("missing: model.layers.0.mlp.experts.5.up_proj.weight [24, 64]"),
            HasSubstr("misshapen: model.layers.1.self_attn.q_proj.weight is [64, 60], expected [64, 64]"),
            HasSubstr("surplus: visual.patch.weight [2]")));
}

TEST(Checkpoint, WrongConfigurationsSayWhatIsSupported) {
  CONCLAVE_NEED_DATA("parity/deepseek-v3");
  const testing::TempDir dir;
  const auto error_for = [&](const std::function<void(Json&)>& change) {
    copy_changed("deepseek-v3", dir / "wrong", [&](Tensors&, Json& config) { change(config); });
    return error_of([&] { load(dir / "wrong"); });
  };
  EXPECT_THAT(error_for([](Json& c) { c["architectures"] = {"GptOssForCausalLM"}; }),
              AllOf(HasSubstr("\"GptOssForCausalLM\" is not supported"), HasSubstr("Qwen3MoeForCausalLM")));
  EXPECT_THAT(error_for([](Json& c) {
                c["architectures"] = {"Mystery"};
                c["auto_map"] = {{"AutoModel", "modeling.Mystery"}};
              }),
              HasSubstr("Python code of its own (auto_map), which is never run"));
  EXPECT_THAT(error_for([](Json& c) { c.erase("architectures"); }), HasSubstr("names the model's class"));
  EXPECT_THAT(error_for([](Json& c) { c["scoring_func"] = "tanh"; }),
              HasSubstr("scoring_func = \"tanh\" is not supported (supported: [\"sigmoid\"])"));
  EXPECT_THAT(error_for([](Json& c) { c.erase("hidden_size"); }), HasSubstr("hidden_size is missing"));
  EXPECT_THAT(error_for([](Json& c) { c["rope_scaling"]["type"] = "ntk"; }),
              HasSubstr("must be one of default"));
  EXPECT_THAT(error_for([](Json& c) { c["num_hidden_layers"] = -3; }), HasSubstr("must be at least 1"));
  EXPECT_THAT(error_for([](Json& c) { c["hidden_act"] = "swoosh"; }), HasSubstr("must be one of silu"));
}

TEST(Checkpoint, AMissingShardIsNamed) {
  CONCLAVE_NEED_DATA("parity/deepseek-v3");
  const testing::TempDir dir;
  std::filesystem::copy(parity_folder("deepseek-v3"), dir / "cut");
  std::filesystem::remove(dir / "cut/model-00002-of-00003.safetensors");
  EXPECT_THAT(error_of([&] { load(dir / "cut"); }), HasSubstr("model-00002-of-00003.safetensors"));
  EXPECT_THAT(error_of([&] { open_checkpoint(dir / "nowhere"); }), HasSubstr("is not a folder"));
}

TEST(Checkpoint, SummaryCountsWhatOneTokenUses) {
  CONCLAVE_NEED_DATA("parity/qwen2-moe");
  const Json s = summarise_checkpoint(open_checkpoint(parity_folder("qwen2-moe")));
  int64_t total = 0;
  for (const auto& [name, tensor] : testing::tensors_of(parity_folder("qwen2-moe"))) total += tensor.numel();
  EXPECT_EQ(s["parameters"], total);
  // 8 experts of 3·24·64 in 2 layers, 3 of them run; the embedding table is only looked up.
  EXPECT_EQ(s["active_parameters"], total - 2 * 5 * 3 * 24 * 64 - 150 * 64);
  EXPECT_EQ(s["experts"], 8);
  EXPECT_EQ(s["shared_experts"], 1);
  EXPECT_EQ(s["memory"]["bfloat16"], 2 * total);
}

}  // namespace
}  // namespace conclave
