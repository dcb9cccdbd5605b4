// Checkpoints whose matrices and experts are kept in blocks of 8 or 4 bits; a random model of a real layout.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/process_memory.h"
#include "framework/moe/experts/ffn.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/pack.h"
#include "models/checkpoint/random_model.h"
#include "models/checkpoint/verify.h"
#include "models/parity_folders.h"

namespace conclave {
namespace {

using kernels::Packing;

RandomModelShape small_shape() {
  RandomModelShape shape;
  shape.layers = 2;
  shape.width = 64;
  shape.expert_width = 32;
  shape.experts = 8;
  shape.experts_per_token = 2;
  shape.heads = 4;
  shape.kv_heads = 2;
  shape.vocabulary = 96;
  return shape;
}

TEST(RandomModel, IsTheSameEachTimeAndOpens) {
  const testing::TempDir dir;
  write_random_model(dir / "a", small_shape(), 0);
  write_random_model(dir / "b", small_shape(), 0);
  write_random_model(dir / "c", small_shape(), 1);
  const auto bytes = [&](const char* folder) { return read_file(dir / folder / "model.safetensors"); };
  EXPECT_EQ(bytes("a"), bytes("b"));
  EXPECT_NE(bytes("a"), bytes("c"));
  const auto folder = open_checkpoint(dir / "a");
  EXPECT_EQ(folder.architecture->name, "Qwen3-MoE");
  const auto model = load_checkpoint(folder, at::kFloat);
  const at::Tensor& w = model->text->lm_head.weight;
  EXPECT_NEAR(w.std().item<double>(), 0.02, 0.001);
  EXPECT_NEAR(w.mean().item<double>(), 0, 0.001);
}

TEST(PackedCheckpoint, MatricesAndExpertsArePackedAndTheRestIsNot) {
  const testing::TempDir dir;
  write_random_model(dir / "a", small_shape(), 0);
  const auto folder = open_checkpoint(dir / "a");
  const auto model = load_checkpoint(folder, at::kFloat, Packing::int8);
  size_t matrices = 0;
  for (const auto& t : named_tensors(*model)) matrices += t.tensor.dim() >= 2;
  EXPECT_EQ(matrices, 3u);  // the embedding and two routers
  const auto bank = std::dynamic_pointer_cast<FfnExperts>(model->text->model->layers[1]->moe->experts);
  ASSERT_TRUE(bank);
  EXPECT_TRUE(bank->packed());
  // The numbers are those of a model with the unpacked weights.
  const auto plain = load_checkpoint(folder, at::kFloat);
  const auto round = [](at::Tensor& w) {
    w = unpack(kernels::pack(w.dim() == 2 ? w.unsqueeze(0) : w, Packing::int8)).view(w.sizes());
  };
  for (const auto& layer : plain->text->model->layers) {
    auto& attention = dynamic_cast<Attention&>(*layer->self_attn);
    for (Linear* linear : {&attention.q_proj, &attention.k_proj, &attention.v_proj, &attention.o_proj})
      round(linear->weight);
    auto& experts = dynamic_cast<FfnExperts&>(*layer->moe->experts);
    for (at::Tensor* w : {&experts.w1_EFD, &experts.w3_EFD, &experts.w2_EDF}) round(*w);
  }
  round(plain->text->lm_head.weight);
  Inputs inputs;
  inputs.ids_NL = at::arange(14, at::kLong).view({2, 7});
  const at::NoGradGuard no_grad;
  const at::Tensor ours = model->prompt(inputs).logits_NV, theirs = plain->prompt(inputs).logits_NV;
  EXPECT_LT((ours - theirs).abs().max().item<double>(), 1e-5);
  EXPECT_GT(ours.abs().max().item<double>(), 1e-3);
}

// Three banks of 8 M numbers: none of them is in memory as numbers beside its blocks.
TEST(PackedCheckpoint, LoadingTakesLittleMoreMemoryThanTheBlocks) {
  const testing::TempDir dir;
  RandomModelShape shape = small_shape();
  shape.layers = 1;
  shape.width = 512;
  shape.expert_width = 1024;
  shape.experts = 16;
  write_random_model(dir / "a", shape, 0);
  const auto folder = open_checkpoint(dir / "a");
  reset_peak_memory();
  const int64_t before = resident_memory();
  if (before == 0 || peak_memory() > before + (4 << 20)) GTEST_SKIP() << "the system does not tell the peak";
  const auto model = load_checkpoint(folder, at::kFloat, Packing::int8);
  const auto& bank = dynamic_cast<FfnExperts&>(*model->text->model->layers[0]->moe->experts);
  int64_t kept = 0;
  for (const auto* packed : {&bank.packed1, &bank.packed3, &bank.packed2})
    kept += static_cast<int64_t>(packed->blocks.nbytes());
  EXPECT_GT(kept, 25 << 20);
  EXPECT_LT(peak_memory() - before, kept + (24 << 20));  // a bank alone is 16 MB in the file, 32 as float32
}

TEST(PackedCheckpoint, RecordedModelsStayNearTheOriginal) {
  CONCLAVE_NEED_DATA("parity/qwen3-moe");
  CONCLAVE_NEED_DATA("parity/deepseek-v2");
  for (const char* folder : {"qwen3-moe", "deepseek-v2"}) {
    const VerifyResult eight = verify_checkpoint(testing::parity_folder(folder), {}, "int8");
    const VerifyResult four = verify_checkpoint(testing::parity_folder(folder), {}, "int4");
    EXPECT_GT(eight.largest.at("logits"), 1e-5) << folder;
    EXPECT_LT(eight.largest.at("logits"), four.largest.at("logits")) << folder;
    EXPECT_EQ(eight.json()["weights"], "int8");
  }
}

}  // namespace
}  // namespace conclave
