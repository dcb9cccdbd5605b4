#include "models/vlm/vlm.h"

#include <gtest/gtest.h>

#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"
#include "framework/moe/routing_log.h"
#include "models/vlm/routing_variant.h"
#include "models/vlm/vlm_batch.h"

namespace conclave {
namespace {

Json small_config(const Json& moe) {
  Json text = {{"width", 32}, {"layers", 2}, {"heads", 4}, {"ffn", {{"hidden", 48}}}};
  if (!moe.is_null()) {
    text["moe"] = moe;
    text["moe_layers"] = "odd";
  }
  return {
      {"architectures", {"ConclaveVlm"}},
      {"vocab_size", 50},
      {"max_tiles", 4},
      {"vision", {{"kind", "conv"}, {"image", 16}, {"widths", {8, 16}}, {"strides", {4, 2}}, {"groups", 4}}},
      {"connector", {{"kind", "mlp2x_gelu"}}},
      {"text", text}};
}

Json variant(const std::string& name) {
  return {{"variant", name}, {"experts", 4}, {"hidden", 24}, {"rank", 4}};
}

// Logits at the last valid token of each row.
Tensor answers(const Vlm& model, const Tensor& tiles, const PaddedRows& text, int64_t copies,
               RoutingLog* log = nullptr) {
  TokenContext context;
  context.log = log;
  DecodeState state = Vlm::share(model.read_pictures(tiles, {}, context), copies);
  const Tensor hidden = model.read_text(text.ids_NL, text.valid_NL, state, context);
  const Tensor last_N = text.valid_NL.sum(1) - 1;
  return model.logits(hidden.gather(1, last_N.view({-1, 1, 1}).expand({-1, 1, hidden.size(2)})).squeeze(1));
}

class EveryVariant : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryVariant, BatchPaddingAndSharingLeaveTheAnswers) {
  at::manual_seed(3);
  at::NoGradGuard no_grad;
  const auto model = make_vlm(small_config(variant(GetParam())));
  const Tensor tiles = at::randn({2, 3, 3, 16, 16});
  const auto text = pad_rows({{5, 6, 7, 2}, {8, 9, 2}, {5, 6, 7, 2}, {11, 2}}, 0);
  const Tensor together = answers(*model, tiles, text, 2);
  for (int64_t n = 0; n < 4; ++n) {
    const int64_t length = text.valid_NL[n].sum().item<int64_t>();
    const PaddedRows alone{text.ids_NL.narrow(0, n, 1).narrow(1, 0, length),
                           text.valid_NL.narrow(0, n, 1).narrow(1, 0, length)};
    const Tensor one = answers(*model, tiles.narrow(0, n / 2, 1), alone, 1);
    EXPECT_TRUE(at::allclose(one[0], together[n], 1e-4, 1e-5)) << "row " << n;
  }
  EXPECT_FALSE(at::allclose(together[0], together[2], 1e-4, 1e-5)) << "other pictures must matter";
}

TEST_P(EveryVariant, EveryParameterGetsAGradient) {
  at::manual_seed(4);
  const auto model = make_vlm(small_config(variant(GetParam())));
  set_trainable(*model, true);
  TokenContext context;
  context.phase = Phase::train;
  RoutingLog log;
  context.log = &log;
  DecodeState state = model->read_pictures(at::randn({8, 3, 3, 16, 16}), {}, context);
  const Tensor hidden = model->read_text(at::randint(3, 50, {8, 12}), {}, state, context);
  model->logits(hidden).logsumexp(-1).pow(2).mean().backward();
  EXPECT_EQ(log.records.size(), 2u) << "one for the pictures, one for the text";
  for (const auto& p : named_parameters(*model)) {
    if (!p.tensor.requires_grad()) continue;  // a LoRA bank's frozen base
    EXPECT_TRUE(p.tensor.grad().defined()) << p.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Routing, EveryVariant, ::testing::ValuesIn(routing_variant_names()),
                         [](const auto& info) {
                           auto name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Vlm, ModalityAwareKeepsPrivateExpertsApart) {
  at::manual_seed(5);
  at::NoGradGuard no_grad;
  const auto model = make_vlm(small_config(variant("modality-aware")));
  RoutingLog log;
  answers(*model, at::randn({2, 1, 3, 16, 16}), pad_rows({{5, 6, 2}, {7, 8, 2}}, 0), 1, &log);
  ASSERT_EQ(log.records.size(), 2u);
  EXPECT_FALSE(log.records[0].routing.expert_TK.eq(3).any().item<bool>())
      << "pictures never see the words' expert";
  EXPECT_FALSE(log.records[1].routing.expert_TK.eq(0).any().item<bool>())
      << "words never see the pictures' expert";
}

TEST(Vlm, RegistersFollowThePatchesOfEveryTile) {
  at::manual_seed(6);
  at::NoGradGuard no_grad;
  Json config = small_config(variant("modality-aware"));
  const auto plain = make_vlm(config);
  config["registers"] = 2;
  const auto model = make_vlm(config);
  EXPECT_EQ(plain->registers(), 0);
  ASSERT_EQ(model->registers(), 2);
  const Tensor tiles = at::randn({2, 3, 3, 16, 16});
  const int64_t patches = plain->see(tiles, {}).size(1) / 3;
  const Tensor seen = model->see(tiles, {}).view({2, 3, patches + 2, 32});
  EXPECT_TRUE(at::equal(seen[0][1][patches], model->register_RD[0] + model->tile_position_ND[1]));
  EXPECT_TRUE(at::equal(seen[1][2][patches + 1], model->register_RD[1] + model->tile_position_ND[2]));
  EXPECT_FALSE(at::equal(seen[0][0][0], seen[1][0][0])) << "patches show the picture";
}

TEST(Vlm, AnswersWithoutPictures) {
  at::NoGradGuard no_grad;
  const auto model = make_vlm(small_config(nullptr));
  EXPECT_EQ(answers(*model, at::zeros({2, 0, 3, 16, 16}), pad_rows({{5, 6, 2}, {7, 2}}, 0), 1).sizes(),
            (std::vector<int64_t>{2, 50}));
}

TEST(Vlm, TilesThatFillTheBatchAreNotSeen) {
  at::manual_seed(6);
  at::NoGradGuard no_grad;
  const auto model = make_vlm(small_config(variant("modality-aware")));
  const Tensor one = at::randn({1, 3, 16, 16});
  const auto text = pad_rows({{5, 6, 2}}, 0);
  const auto filled = pad_tiles({one, at::randn({3, 3, 16, 16})});
  DecodeState both = model->read_pictures(filled.tiles_BN3SS, filled.valid_BN, {});
  const auto twice = pad_rows({{5, 6, 2}, {5, 6, 2}}, 0);
  const Tensor beside = model->logits(model->read_text(twice.ids_NL, twice.valid_NL, both, {}))[0][2];
  const Tensor alone = answers(*model, one.unsqueeze(0), text, 1)[0];
  EXPECT_TRUE(at::allclose(beside, alone, 1e-4, 1e-5));
}

TEST(Vlm, RefusesWhatItCannotBe) {
  EXPECT_THROW(make_vlm(Json::object()), UsageError);
  auto config = small_config(nullptr);
  config["architectures"] = {"Other"};
  EXPECT_THROW(make_vlm(config), UsageError);
  config = small_config(nullptr);
  config["surplus"] = 1;
  EXPECT_THROW(make_vlm(config), UsageError);
  EXPECT_THROW(routing_variant({{"variant", "nonsense"}, {"hidden", 8}}), UsageError);
  const auto model = make_vlm(small_config(nullptr));
  EXPECT_THROW(model->read_pictures(at::zeros({1, 5, 3, 16, 16}), {}, {}), Error)
      << "more tiles than it has places";
}

TEST(VlmBatch, PlacesAnswersBehindTheirQuestions) {
  const auto batch = make_batch({at::zeros({1, 3, 4, 4})}, {{{5, 6, 2}, {8, 1}}, {{7, 2}, {9, 10, 1}}}, 0);
  EXPECT_TRUE(at::equal(batch.text.ids_NL, at::tensor({5, 6, 2, 8, 7, 2, 9, 10}, at::kLong).view({2, 4})));
  EXPECT_TRUE(at::equal(batch.place_A, at::tensor({2, 3, 5, 6, 7}, at::kLong)));
  EXPECT_TRUE(at::equal(batch.target_A, at::tensor({8, 1, 9, 10, 1}, at::kLong)));
  EXPECT_TRUE(at::equal(batch.row_A, at::tensor({0, 0, 1, 1, 1}, at::kLong)));
}

}  // namespace
}  // namespace conclave
