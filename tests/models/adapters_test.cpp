// Published adapters: what is said about those that do not fit.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/merge.h"
#include "models/checkpoint/run_case.h"
#include "models/parity_folders.h"
#include "testing/numeric.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::max_difference;
using testing::parity_folder;
using Tensors = std::map<std::string, Tensor>;

// A copy of an adapter folder without its base, changed.
void copy_adapter(const std::string& name, const std::filesystem::path& target,
                  const std::function<void(Tensors&, Json&)>& change) {
  auto tensors = testing::tensors_of(parity_folder(name) / "adapter_model.safetensors");
  Json config = read_json(parity_folder(name) / "adapter_config.json");
  change(tensors, config);
  std::filesystem::create_directories(target);
  testing::save_tensors(target / "adapter_model.safetensors", tensors);
  write_file(target / "adapter_config.json", config.dump());
}

TEST(Adapters, WhatDoesNotFitIsNamed) {
  CONCLAVE_NEED_DATA("parity/peft-lora");
  const testing::TempDir dir;
  const auto base = open_checkpoint(parity_folder("peft-lora") / "base");
  const auto error_for = [&](const std::function<void(Tensors&, Json&)>& change) {
    copy_adapter("peft-lora", dir / "changed", change);
    return error_of([&] { load_adapter(*load_checkpoint(base), base, dir / "changed"); });
  };
  EXPECT_EQ(error_for([](Tensors&, Json&) {}), "no error");
  EXPECT_THAT(error_for([](Tensors&, Json& c) { c["peft_type"] = "IA3"; }),
              HasSubstr("supported: LORA, MIXLORA"));
  EXPECT_THAT(error_for([](Tensors&, Json& c) {
                c["rank_pattern"] = {{"q_proj", 8}};
              }),
              HasSubstr("rank_pattern is not supported"));
  EXPECT_THAT(error_for([](Tensors& t, Json&) {
                t["base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight"] = at::zeros({4, 64});
              }),
              HasSubstr("have no place in the base model:\n  base_model.model.model.layers.7"));
  EXPECT_THAT(error_for([](Tensors& t, Json&) {
                t["base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"] = at::zeros({60, 4});
              }),
              HasSubstr("lora_B [60, 4], the projection is [64, 64]"));
}

TEST(Adapters, TheBaseIsFoundBesideThem) {
  CONCLAVE_NEED_DATA("parity/peft-lora");
  EXPECT_EQ(base_of_adapter(parity_folder("peft-lora")).filename(), "base");
  const testing::TempDir dir;
  copy_adapter("peft-lora", dir / "alone",
               [](Tensors&, Json& c) { c["base_model_name_or_path"] = "org/model"; });
  EXPECT_THAT(error_of([&] { base_of_adapter(dir / "alone"); }),
              HasSubstr("\"org/model\" is no model folder here"));
}

TEST(Adapters, RankStabilisedScale) {
  CONCLAVE_NEED_DATA("parity/peft-lora");
  const testing::TempDir dir;
  const auto base = open_checkpoint(parity_folder("peft-lora") / "base");
  Inputs inputs;
  inputs.ids_NL = at::arange(8).view({1, 8});
  const auto logits = [&](const char* name, const std::function<void(Tensors&, Json&)>& change) {
    copy_adapter("peft-lora", dir / name, change);
    const auto model = load_checkpoint(base);
    load_adapter(*model, base, dir / name);
    return run_case(*model, base.config, inputs).logits_NLV;
  };
  // With rank 4, alpha/sqrt(4) is alpha/4 of twice the alpha.
  const Tensor stable = logits("stable", [](Tensors&, Json& c) { c["use_rslora"] = true; });
  const Tensor doubled = logits("doubled", [](Tensors&, Json& c) { c["lora_alpha"] = 32; });
  EXPECT_LT(max_difference(stable, doubled), 1e-5);
  EXPECT_GT(max_difference(stable, logits("plain", [](Tensors&, Json&) {})), 1e-3);
}

// The merged folder, loaded as any other, has the numbers that the original gives after merging.
TEST(Adapters, MergedFolderHasTheOriginalsNumbers) {
  for (const char* name : {"peft-lora", "peft-dora", "peft-expert-lora"}) {
    CONCLAVE_NEED_DATA(std::string("parity/") + name);
    const testing::TempDir dir;
    const auto base = open_checkpoint(parity_folder(name) / "base");
    const Converted done = merge_adapter(parity_folder(name), dir / "merged");
    EXPECT_EQ(done.tensors, std::ssize(base.files->names())) << name;
    const auto merged = open_checkpoint(dir / "merged");
    int64_t changed = 0;
    for (const auto& tensor : base.files->names())
      changed += !at::equal(base.files->tensor(tensor), merged.files->tensor(tensor));
    EXPECT_GT(changed, 0) << name;
    EXPECT_LT(changed, done.tensors) << name;

    const auto given = testing::tensors_of(parity_folder(name) / "inputs.safetensors");
    Inputs inputs;
    inputs.ids_NL = given.at("input_ids");
    const auto model = load_checkpoint(merged);
    const auto with_adapter = load_checkpoint(base);
    load_adapter(*with_adapter, base, parity_folder(name));
    const Tensor logits = run_case(*model, merged.config, inputs).logits_NLV;
    EXPECT_LT(max_difference(logits, run_case(*with_adapter, base.config, inputs).logits_NLV), 2e-5) << name;
    EXPECT_THAT(error_of([&] { merge_adapter(parity_folder(name), dir / "merged"); }), HasSubstr("already"));
  }
}

TEST(Adapters, MergingRefusesWhatDependsOnTheToken) {
  CONCLAVE_NEED_DATA("parity/mixlora");
  const testing::TempDir dir;
  EXPECT_THAT(error_of([&] { merge_adapter(parity_folder("mixlora"), dir / "merged"); }), HasSubstr("token"));
  EXPECT_THAT(error_of([&] { merge_adapter(dir / "nothing", dir / "merged"); }), HasSubstr("no adapter"));
  EXPECT_FALSE(std::filesystem::exists(dir / "merged"));
}

}  // namespace
}  // namespace conclave
