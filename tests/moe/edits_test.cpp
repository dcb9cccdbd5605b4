// Routing changed at run time.
#include "framework/moe/edits.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/moe/layer.h"
#include "framework/moe/routing_log.h"
#include "moe/stages.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using namespace testing;

class EditsTest : public ::testing::Test {
 protected:
  EditsTest() {
    at::manual_seed(11);
    layer = make_layer({{"experts", {{"count", 4}, {"kind", "gated_ffn"}, {"hidden", 8}}},
                        {"router", {{"select", {{"kind", "top_k"}, {"k", 2}}}}}},
                       6, 3);
    x_TD = at::randn({8, 6});
    context.sequence_T = at::tensor({0, 0, 0, 0, 1, 1, 1, 1}, at::kLong);
    context.modality_T = at::tensor({0, 1, 0, 1, 0, 1, 0, 1}, at::kLong);
    plain = layer->route(x_TD, context);
  }

  Routing with(const Edit& edit, int site = 3) {
    edits.at.clear();
    edits.at[site].push_back(edit);
    context.edits = &edits;
    return layer->route(x_TD, context);
  }

  // The row of an unedited router restricted to `allowed` experts.
  void expect_row(const Routing& r, int t, std::vector<int> ids) {
    EXPECT_EQ(chosen(r.expert_TK, t), ids) << "token " << t;
  }

  Ptr<Layer> layer;
  Tensor x_TD;
  TokenContext context;
  Edits edits;
  Routing plain;
};

TEST_F(EditsTest, Forbid) {
  const Tensor logits_TE = x_TD.matmul(named_tensors(*layer->router)[0].tensor.t());
  const Routing r = with({.kind = Edit::Kind::forbid, .expert = 2, .sequence = 1, .modality = 0});
  for (int t = 0; t < 8; ++t) {
    auto order = falling(logits_TE[t]);
    if (t == 4 || t == 6) std::erase(order, 2);
    expect_row(r, t, {order[0], order[1]});
    EXPECT_NEAR(r.weight_TK[t].sum().item<float>(), 1, 1e-6);
  }
  EXPECT_TRUE(at::equal(with({.kind = Edit::Kind::forbid, .expert = 2}, 4).expert_TK, plain.expert_TK));
  EXPECT_FALSE((with({.kind = Edit::Kind::forbid, .expert = 2}, -1).expert_TK == 2).any().item<bool>());
  EXPECT_THROW(with({.kind = Edit::Kind::forbid, .expert = 4}), Error);
}

TEST_F(EditsTest, Force) {
  const Tensor logits_TE = x_TD.matmul(named_tensors(*layer->router)[0].tensor.t());
  context.valid_T = at::ones({8}, at::kBool);
  context.valid_T[5].fill_(false);
  const Routing r = with({.kind = Edit::Kind::force, .expert = 1, .modality = 1});
  for (int t = 0; t < 8; ++t) {
    auto order = falling(logits_TE[t]);
    if (t % 2 == 1) {
      std::erase(order, 1);
      order.insert(order.begin(), 1);
    }
    if (t == 5) {
      expect_row(r, t, {});
    } else {
      expect_row(r, t, {order[0], order[1]});
    }
  }
}

TEST_F(EditsTest, ForceWinsOverMasks) {
  layer->router->mask = {
      make_mask({{"kind", "dropped"}, {"experts", {1}}}, "mask", {.width = 6, .experts = 4})};
  const Routing r = with({.kind = Edit::Kind::force, .expert = 1});
  EXPECT_TRUE((r.expert_TK.select(1, 0) == 1).all().item<bool>());
  EXPECT_FALSE((r.expert_TK.select(1, 1) == 1).any().item<bool>());
}

TEST_F(EditsTest, BiasChangesLogitsAndTakesGradients) {
  Tensor bias_E = at::tensor({0.f, 5.f, 0.f, -5.f}).requires_grad_();
  Edit edit{.kind = Edit::Kind::bias, .value_E = bias_E, .sequence = 0};
  const Routing r = with(edit);
  for (int t = 0; t < 8; ++t) {
    if (t < 4) {
      EXPECT_EQ(r.expert_TK[t][0].item<int>(), 1);
    } else {
      EXPECT_TRUE(at::equal(r.expert_TK[t], plain.expert_TK[t]));
    }
  }
  const Tensor pull_TK = at::randn({8, 2});
  context.phase = Phase::train;
  check_gradient([&] { return (layer->route(x_TD, context).weight_TK * pull_TK).sum(); }, bias_E, 2e-3, 1e-2);
  edit.value_E = at::zeros({3});
  EXPECT_THROW(with(edit), Error);
}

TEST_F(EditsTest, Scale) {
  const Routing r = with({.kind = Edit::Kind::scale, .expert = 0, .value = 0.25, .modality = 0});
  for (int t = 0; t < 8; ++t)
    for (int k = 0; k < 2; ++k) {
      const bool hit = t % 2 == 0 && plain.expert_TK[t][k].item<int>() == 0;
      EXPECT_FLOAT_EQ(value(r.weight_TK, t, k), value(plain.weight_TK, t, k) * (hit ? 0.25f : 1.f));
    }
}

TEST_F(EditsTest, ReplayGivesARunBitForBit) {
  RoutingLog log;
  context.log = &log;
  const Tensor y_TD = layer->forward(x_TD, context);
  named_tensors(*layer->router)[0].tensor.normal_();  // another router: only the replay can give the same
  EXPECT_FALSE(at::equal(layer->forward(x_TD, context), y_TD));
  edits.at[3].push_back({.kind = Edit::Kind::replay, .routing = log.records[0].routing});
  context.edits = &edits;
  EXPECT_TRUE(at::equal(layer->forward(x_TD, context), y_TD));
}

TEST_F(EditsTest, ReplayOfOneSequenceAndOfAnotherWidth) {
  Routing other;
  other.expert_TK = at::full({8, 3}, -1, at::kInt);
  other.expert_TK.select(1, 0).fill_(3);
  other.weight_TK = (other.expert_TK >= 0).to(at::kFloat) * 0.5;
  const Routing r = with({.kind = Edit::Kind::replay, .routing = other, .sequence = 1});
  EXPECT_EQ(r.slots(), 3);
  for (int t = 0; t < 8; ++t) {
    expect_row(r, t, t < 4 ? chosen(plain.expert_TK, t) : std::vector<int>{3});
    EXPECT_FLOAT_EQ(value(r.weight_TK, t, 0), t < 4 ? value(plain.weight_TK, t, 0) : 0.5f);
  }
  other.expert_TK = at::zeros({7, 2}, at::kInt);
  EXPECT_THROW(with({.kind = Edit::Kind::replay, .routing = other}), Error);
}

TEST_F(EditsTest, ReplayWithoutWeightsIsWeighedByTheRouter) {
  Routing ids;
  ids.expert_TK = at::tensor({0, 1}, at::kInt).expand({8, 2}).contiguous();
  const Routing r = with({.kind = Edit::Kind::replay, .routing = ids});
  EXPECT_TRUE(at::equal(r.expert_TK, ids.expert_TK));
  const Tensor logits_TE = x_TD.matmul(named_tensors(*layer->router)[0].tensor.t());
  EXPECT_LT(max_difference(r.weight_TK, logits_TE.narrow(1, 0, 2).softmax(1)), 1e-6);
  ids.expert_TK.fill_(4);
  EXPECT_THROW(with({.kind = Edit::Kind::replay, .routing = ids}), Error);
}

TEST_F(EditsTest, RowsThatThePassCannotNameAreAnError) {
  context.sequence_T = Tensor();
  EXPECT_THROW(with({.kind = Edit::Kind::forbid, .expert = 0, .sequence = 1}), Error);
}

TEST(ForbidExperts, NamesASiteAndAnExpert) {
  const std::map<int, int64_t> pools{{0, 4}, {2, 8}};
  const auto forbidden = [&](std::vector<std::string> names) {
    std::vector<std::pair<int, int>> all;
    for (const auto& [site, edits] : forbid_experts(names, pools).at)
      for (const auto& edit : edits) {
        EXPECT_EQ(edit.kind, Edit::Kind::forbid);
        all.emplace_back(site, edit.expert);
      }
    return all;
  };
  using Pairs = std::vector<std::pair<int, int>>;
  EXPECT_EQ(forbidden({}), Pairs());
  EXPECT_EQ(forbidden({"2:7", "0:3"}), (Pairs{{0, 3}, {2, 7}}));
  EXPECT_EQ(forbidden({"*:1"}), (Pairs{{0, 1}, {2, 1}}));
  EXPECT_EQ(forbidden({"*:6"}), (Pairs{{2, 6}})) << "where there is such an expert";
  for (const char* wrong :
       {"", "2", ":", "2:", ":1", "a:1", "2:x", "2:-1", "-1:2", "2:8", "1:0", "*:8", "2:1 ", "99999999999:1"})
    EXPECT_THROW(forbidden({wrong}), UsageError) << wrong;
}

TEST_F(EditsTest, ForbiddenExpertsAreNeverChosen) {
  edits = forbid_experts(std::vector<std::string>{"3:2", "*:0"}, {{3, 4}});
  context.edits = &edits;
  const Routing routing = layer->route(x_TD, context);
  EXPECT_FALSE((routing.expert_TK == 2).any().item<bool>());
  EXPECT_FALSE((routing.expert_TK == 0).any().item<bool>());
  edits = forbid_experts(std::vector<std::string>{"*:0", "*:1", "*:2", "*:3"}, {{3, 4}});
  EXPECT_TRUE((layer->route(x_TD, context).expert_TK < 0).all().item<bool>()) << "none is left";
}

}  // namespace
}  // namespace conclave
