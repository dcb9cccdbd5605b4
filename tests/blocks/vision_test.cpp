#include "framework/blocks/vision.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/blocks/conv_encoder.h"
#include "framework/blocks/vision_transformer.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::check_gradient;
using testing::max_difference;

Json vit_config(const std::string& position) {
  return {{"kind", "vit"}, {"image", 12}, {"patch", 4},           {"width", 16},
          {"layers", 2},   {"heads", 2},  {"position", position}, {"init_std", 0.2}};
}
const Json kConv = {{"kind", "conv"}, {"image", 16}, {"widths", {8, 16}}, {"groups", 4}};

TEST(Vision, GridsAreAsBigAsTheStridesSay) {
  at::manual_seed(1);
  auto vit = make_vision_encoder(vit_config("learned"));
  const auto patches = vit->forward(at::randn({2, 3, 12, 12}), {});
  EXPECT_EQ(patches.tokens_BLD.sizes(), (std::vector<int64_t>{2, 9, 16}));
  auto conv = make_vision_encoder(kConv);
  EXPECT_EQ(conv->width, 16);
  const auto wide = conv->forward(at::randn({2, 3, 16, 24}), {});
  EXPECT_EQ(wide.rows, 4);
  EXPECT_EQ(wide.columns, 6);
  EXPECT_EQ(wide.tokens_BLD.sizes(), (std::vector<int64_t>{2, 24, 16}));
}

TEST(VisionTransformer, PatchesGoRowByRow) {
  at::manual_seed(1);
  auto vit = make_vision_transformer(vit_config("learned"), 0, "vision");
  vit->stack->layers.clear();
  vit->stack->norm.reset();
  vit->position->weight.zero_();
  Tensor picture = at::zeros({1, 3, 12, 12});
  picture.index_put_({0, 1, 5, 10}, 1.0);  // patch row 1, column 2; place (1,2) in it
  const auto grid = vit->forward(picture, {});
  const Tensor expected = vit->patch_embed.weight.index({at::indexing::Slice(), 1, 1, 2});
  EXPECT_LT(max_difference(grid.tokens_BLD[0][5], expected), 1e-6);
  EXPECT_EQ(grid.tokens_BLD[0][4].abs().max().item<double>(), 0);
}

TEST(VisionTransformer, RotaryPositionsSeeTheArrangement) {
  at::manual_seed(1);
  auto vit = make_vision_encoder(vit_config("rotary"));
  const Tensor x = at::randn({1, 3, 12, 12});
  // Without positions, swapping two patches would only swap two outputs.
  const Tensor turned = x.transpose(2, 3).contiguous();
  const auto a = vit->forward(x, {}).tokens_BLD.mean(1), b = vit->forward(turned, {}).tokens_BLD.mean(1);
  EXPECT_GT(max_difference(a, b), 1e-4);
  // Any size goes.
  EXPECT_EQ(vit->forward(at::randn({1, 3, 8, 20}), {}).tokens_BLD.size(1), 10);
}

TEST(VisionTransformer, RowsOfABatchAreIndependent) {
  at::manual_seed(1);
  for (const auto& config : {vit_config("learned"), vit_config("rotary"), kConv}) {
    auto encoder = make_vision_encoder(config);
    const Tensor x = at::randn({3, 3, 16, 16});
    const Tensor all = encoder->forward(x, {}).tokens_BLD;
    EXPECT_LT(max_difference(encoder->forward(x.narrow(0, 1, 1), {}).tokens_BLD, all.narrow(0, 1, 1)), 1e-5);
  }
}

TEST(GridPosition, OtherGridsAreInterpolated) {
  GridPosition position(2, 2, 3);
  EXPECT_TRUE(at::equal(position.forward(2, 2), position.weight));
  position.weight = at::ones({4, 3});
  EXPECT_LT(max_difference(position.forward(5, 3), at::ones({15, 3})), 1e-5);
}

TEST(ConvEncoder, GradientsMatchFiniteDifferences) {
  at::manual_seed(4);
  auto conv = make_conv_encoder(kConv, "vision");
  for (auto& stage : conv->stages) stage->blocks[0]->conv2.weight.normal_(0, 0.1);
  set_trainable(*conv, true);
  const Tensor x = at::randn({1, 3, 8, 8});
  const Tensor mix = at::randn({1, 4, 16});
  const auto loss = [&] { return (conv->forward(x, {}).tokens_BLD * mix).sum(); };
  for (const auto& p : named_parameters(*conv)) {
    if (p.name != "position.weight") check_gradient(loss, p.tensor, 5e-2, 1e-2, 4);
  }
}

TEST(Connector, MergePutsNeighboursTogether) {
  at::manual_seed(5);
  auto connector = make_connector({{"kind", "merge_mlp"}}, 3, 7);
  FeatureGrid grid{at::arange(4 * 6).to(at::kFloat).view({1, 24, 1}).expand({1, 24, 3}).contiguous(), 4, 6};
  const auto merged = connector->forward(grid, {});
  EXPECT_EQ(merged.tokens_BLD.sizes(), (std::vector<int64_t>{1, 6, 7}));
  EXPECT_EQ(merged.rows, 2);
  // The fourth token holds rows 2-3 and columns 0-1: 12, 13, 18, 19.
  const auto p = named_parameters(*connector);
  const Tensor in = at::tensor({12.f, 12.f, 12.f, 13.f, 13.f, 13.f, 18.f, 18.f, 18.f, 19.f, 19.f, 19.f});
  const Tensor expected =
      at::linear(at::gelu(at::linear(in, p[0].tensor, p[1].tensor)), p[2].tensor, p[3].tensor);
  EXPECT_LT(max_difference(merged.tokens_BLD[0][3], expected), 1e-4);
  grid.rows = 3;
  EXPECT_THROW(connector->forward(grid, {}), Error);
}

TEST(Connector, NamesFollowLlava) {
  auto connector = make_connector({{"kind", "mlp2x_gelu"}}, 3, 7);
  const auto p = named_parameters(*connector);
  ASSERT_EQ(p.size(), 4u);
  EXPECT_EQ(p[0].name, "0.weight");
  EXPECT_EQ(p[3].name, "2.bias");
  FeatureGrid grid{at::randn({2, 6, 3}), 2, 3};
  EXPECT_EQ(connector->forward(grid, {}).tokens_BLD.size(2), 7);
  EXPECT_EQ(make_connector({{"kind", "linear"}}, 3, 7)->forward(grid, {}).tokens_BLD.size(2), 7);
}

TEST(Vision, LowPrecisionStaysNear) {
  at::manual_seed(6);
  for (const auto& config : {vit_config("learned"), vit_config("rotary"), kConv}) {
    auto encoder = make_vision_encoder(config);
    const Tensor x = at::randn({2, 3, 12, 12});
    const Tensor wide = encoder->forward(x, {}).tokens_BLD;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    const Tensor cast = encoder->forward(x, {}).tokens_BLD;
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
    EXPECT_LT(max_difference(cast, wide), 0.2);
    to_dtype(*encoder, at::kBFloat16);
    const Tensor narrow = encoder->forward(x.to(at::kBFloat16), {}).tokens_BLD;
    EXPECT_EQ(narrow.scalar_type(), at::kBFloat16);
    EXPECT_LT(max_difference(narrow, wide), 0.2);
  }
}

TEST(Vision, BadConfigurationNamesTheKey) {
  const auto message = [](Json config) -> std::string {
    try {
      make_vision_encoder(config);
    } catch (const UsageError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(message({{"kind", "owl"}}), "vision.kind = \"owl\": must be one of vit, conv");
  EXPECT_EQ(message({{"kind", "vit"}, {"patch", 4}, {"width", 8}}), "vision.image is missing");
  EXPECT_EQ(message({{"kind", "vit"}, {"patch", 4}, {"image", 8}}), "vision.width is missing");
  EXPECT_EQ(message({{"kind", "conv"}, {"image", 8}, {"widths", {12}}}),
            "vision.widths: 12 is not a multiple of 8 groups");
  EXPECT_EQ(message({{"kind", "conv"}, {"image", 8}, {"widths", {8}}, {"strides", {2, 2}}}),
            "vision.strides has 2 entries for 1 stages");
}

}  // namespace
}  // namespace conclave
