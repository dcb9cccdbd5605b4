// Banks of LoRA experts read in the layouts of LLaVA-MoLE and LoRAMoE.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/moe/loss.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/fresh_adapter.h"
#include "models/checkpoint/merge.h"
#include "models/checkpoint/tune_task.h"
#include "models/lettered_folder.h"
#include "models/parity_folders.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Named = std::map<std::string, Tensor>;

std::string without(std::string text, const std::string& part) {
  if (const size_t at = text.find(part); at != text.npos) text.erase(at, part.size());
  return text;
}

// The recorded checkpoint taken apart, into a plain Llama and the experts over it under their own names,
// gives the logits of the whole, which has the original's.
TEST(LoraBanks, AMoleAdapterIsWhatACheckpointHolds) {
  for (const char* name : {"llava_mole-sparse", "llava_mole-dense"}) {
    CONCLAVE_NEED_DATA(std::string("parity/") + name);
    const fs::path from = testing::parity_folder(name);
    const testing::TempDir dir;
    Named base, adapter;
    for (const auto& [key, tensor] : testing::tensors_of(from / "model.safetensors")) {
      const std::string whole = "llm_model.base_model.model.";
      if (!key.starts_with(whole)) continue;  // pictures
      if (key.find("lora_") != key.npos || key.find("router") != key.npos)
        adapter[key] = tensor;
      else
        base[without(without(key.substr(whole.size()), ".base_layer"), ".original_module")] = tensor;
    }
    ASSERT_GT(adapter.size(), 40u);
    fs::create_directories(dir / "base");
    fs::create_directories(dir / "adapter");
    testing::save_tensors(dir / "base" / "model.safetensors", base);
    fs::copy(from / "config.json", dir / "base" / "config.json");
    testing::save_tensors(dir / "adapter" / "adapter_model.safetensors", adapter);
    fs::copy(from / "mole_args.json", dir / "adapter" / "mole_args.json");
    write_file(
        dir / "adapter" / "adapter_config.json",
        Json({{"peft_type", "MOLE"}, {"lora_alpha", 8}, {"base_model_name_or_path", "../base"}}).dump());
    const at::NoGradGuard no_grad;
    const auto plain = open_checkpoint(dir / "base"), recorded = open_checkpoint(from);
    const auto parts = load_checkpoint(plain, at::kFloat), whole = load_checkpoint(recorded, at::kFloat);
    const auto placed = load_adapter(*parts, plain, dir / "adapter");
    Inputs inputs;
    inputs.ids_NL = at::randint(3, 240, {2, 11}, at::kLong);
    const Tensor want_NV = whole->prompt(inputs).logits_NV;
    EXPECT_LT(testing::max_difference(parts->prompt(inputs).logits_NV, want_NV), 1e-5) << name;
    EXPECT_GT(testing::max_difference(load_checkpoint(plain, at::kFloat)->prompt(inputs).logits_NV, want_NV),
              1e-2);
    // And is saved as it was.
    save_adapter(placed, dir / "adapter");
    const auto again = testing::tensors_of(dir / "adapter" / "adapter_model.safetensors");
    ASSERT_EQ(again.size(), adapter.size());
    for (const auto& [key, tensor] : adapter) EXPECT_TRUE(at::equal(again.at(key), tensor)) << key;
    EXPECT_THAT(testing::error_of([&] { merge_adapter(dir / "adapter", dir / "merged"); }),
                HasSubstr("token"));
  }
}

// y = W x + s sum softmax(R x)_e B_e A_e x, from the tensors as they lie in the file.
TEST(LoraBanks, ALoraMoeAdapterIsTheWeighedSum) {
  const LetteredFolder folder(checked_in("qwen3"), 40);
  const testing::TempDir dir;
  AdapterPlan plan;
  plan.kind = "loramoe";
  plan.rank = 2;
  plan.alpha = 6;
  plan.experts = 4;
  const auto base = open_checkpoint(folder.path());
  write_fresh_adapter(base, plan, dir / "a", 1);
  auto tensors = testing::tensors_of(dir / "a" / "adapter_model.safetensors");
  at::manual_seed(2);
  for (auto& [name, tensor] : tensors) tensor.normal_(0, 0.5);
  testing::save_tensors(dir / "a" / "adapter_model.safetensors", tensors);
  const at::NoGradGuard no_grad;
  for (const auto packing : {std::optional<kernels::Packing>{}, {kernels::Packing::int8}}) {
    const auto plain = load_checkpoint(base, at::kFloat, packing),
               tuned = load_checkpoint(base, at::kFloat, packing);
    load_adapter(*tuned, base, dir / "a");
    const auto projection = [](const Multimodal& model) -> const Linear& {
      return dynamic_cast<const GatedFfn&>(*model.text->model->layers[1]->ffn).up_proj;
    };
    const Tensor x_TD = at::randn({5, 16});
    const std::string stem = "base_model.model.model.layers.1.mlp.up_proj.";
    const Tensor route_TE = at::softmax(at::linear(x_TD, tensors.at(stem + "lora_route.weight")), 1);
    Tensor want_TO = projection(*plain).forward(x_TD);
    for (int64_t e = 0; e < 4; ++e)
      want_TO =
          want_TO + 3 * route_TE.narrow(1, e, 1) *
                        at::linear(at::linear(x_TD, tensors.at(fmt::format("{}lora_A{}.weight", stem, e))),
                                   tensors.at(fmt::format("{}lora_B{}.weight", stem, e)));
    EXPECT_LT(testing::max_difference(projection(*tuned).forward(x_TD), want_TO), 1e-4);
  }
  EXPECT_THAT(testing::error_of([&] { merge_adapter(dir / "a", dir / "merged"); }), HasSubstr("token"));
}

// Rows of either task are drawn to their own half of the experts.
TEST(LoraBanks, TheLocalizedBalanceReadsTheRowsTasks) {
  const LetteredFolder folder(checked_in("qwen3"), 40);
  const testing::TempDir dir;
  AdapterPlan plan;
  plan.kind = "loramoe";
  plan.experts = 4;
  plan.balance = 1;
  const auto base = open_checkpoint(folder.path());
  write_fresh_adapter(base, plan, dir / "a", 1);
  EXPECT_EQ(balance_of_adapter(dir / "a")["groups"], Json::parse("[[2,3],[0,1]]"));
  std::string lines;
  for (int64_t id = 10; id < 18; ++id)
    lines += Json({{"prompt", letter(id)}, {"reply", letter(id + 1)}, {"task", id % 2}}).dump() + "\n";
  write_file(dir / "rows.jsonl", lines);
  const auto rows = read_tune_rows(dir / "rows.jsonl", read_published_text(folder.path()), 32).rows;
  EXPECT_EQ(rows[0].task, 0);
  EXPECT_EQ(rows[1].task, 1);
  const auto balance_for = [&](int64_t forced) {
    auto own = rows;
    for (auto& row : own)
      if (forced >= -1) row.task = forced;
    const auto model = load_checkpoint(base, at::kFloat);
    TuneTask task(model, load_adapter(*model, base, dir / "a"), own, {},
                  make_loss(balance_of_adapter(dir / "a")));
    MicroBatch batch;
    for (int64_t i = 0; i < std::ssize(own); ++i) batch.items.push_back(i);
    const StepLoss loss = task.loss(batch);
    EXPECT_GT(loss.metrics.at("balance"), 0);
    loss.loss.backward();
    int64_t with_gradient = 0;
    for (const auto& [name, tensor] : task.adapter())
      with_gradient += name.ends_with("lora_route.weight") && tensor.gradient().defined() &&
                       tensor.gradient().abs().max().item<double>() > 0;
    EXPECT_EQ(with_gradient, 6);
    return loss.metrics.at("balance");
  };
  const double as_said = balance_for(-2), none = balance_for(-1), all_one = balance_for(1);
  EXPECT_NE(as_said, none);
  EXPECT_NE(as_said, all_one);
  write_file(dir / "rows.jsonl", R"({"text": "a", "task": 2})");
  EXPECT_THAT(
      testing::error_of([&] { read_tune_rows(dir / "rows.jsonl", read_published_text(folder.path()), 32); }),
      HasSubstr("line 1: \"task\" must be 0 or 1"));
}

}  // namespace
}  // namespace conclave
