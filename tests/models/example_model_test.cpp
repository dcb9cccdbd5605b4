// The worked example of docs/vlm.md compiles, learns, and stands in the page word for word.
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "docs/examples/one_look_vqa.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/tensor/module.h"
#include "models/vlm/routing_variant.h"

namespace conclave {
namespace {

Json example_config() {
  return {
      {"width", 16},
      {"vocab_size", 20},
      {"answers", 3},
      {"vision", {{"kind", "conv"}, {"image", 8}, {"widths", {8}}, {"strides", {4}}, {"groups", 4}}},
      {"moe", routing_variant({{"variant", "modality-aware"}, {"experts", 3}, {"hidden", 24}, {"k", 2}})}};
}

TEST(ExampleModel, LearnsFromThePictureAndTheQuestion) {
  at::manual_seed(7);
  const auto model = make_one_look_vqa(example_config());
  set_trainable(*model, true);
  const Tensor pictures = at::randn({6, 3, 8, 8});
  const Tensor ids = at::arange(12, at::kLong).view({6, 2});
  const Tensor answer = at::tensor({0, 1, 2, 2, 1, 0}, at::kLong);
  TokenContext context;
  context.phase = Phase::train;
  const auto loss = [&] { return at::cross_entropy_loss(model->forward(pictures, ids, context), answer); };
  const double before = loss().item<double>();
  const auto parameters = named_parameters(*model);
  for (int step = 0; step < 60; ++step) {
    loss().backward();
    at::NoGradGuard no_grad;
    for (auto p : parameters) {
      if (!p.tensor.grad().defined()) continue;
      p.tensor.sub_(p.tensor.grad(), 0.1);
      p.tensor.mutable_grad().zero_();
    }
  }
  EXPECT_LT(loss().item<double>(), before / 2);
}

TEST(ExampleModel, RefusesAnUnknownKey) {
  Json config = example_config();
  config["surplus"] = 1;
  EXPECT_THROW(make_one_look_vqa(config), UsageError);
}

TEST(ExampleModel, ThePageQuotesTheFile) {
  const std::filesystem::path docs = std::filesystem::path(CONCLAVE_SOURCE_DIR) / "docs";
  const std::string code = read_file(docs / "examples" / "one_look_vqa.h");
  const size_t begin = code.find("/// One look"), end = code.find("}  // namespace");
  ASSERT_LT(begin, end);
  EXPECT_NE(read_file(docs / "vlm.md").find(code.substr(begin, end - begin)), std::string::npos);
}

}  // namespace
}  // namespace conclave
