// Product experts against the sum over all pairs of parts.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/moe/edits.h"
#include "framework/moe/experts/product_ffn.h"
#include "framework/moe/layer.h"
#include "framework/moe/loss.h"
#include "framework/moe/routers/product.h"
#include "framework/moe/routing_log.h"
#include "framework/moe/trace.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

constexpr int64_t kBankWidth = 6;

Json config() {
  return Json::parse(R"({
    "experts": {"kind": "product_ffn", "count": 12, "factors": [3, 4], "hidden": 5, "bias": true},
    "router": {"factors": [
      {"experts": 3, "select": {"kind": "top_k", "k": 2}, "weigh": "softmax"},
      {"experts": 4, "select": {"kind": "top_k", "k": 3}, "weigh": "softmax_selected"}]}})");
}

Ptr<Layer> random_layer() {
  at::manual_seed(3);
  const auto layer = make_layer(config(), kBankWidth, 0);
  for (const auto& [name, tensor, kind] : named_tensors(*layer)) Tensor(tensor).normal_();
  return layer;
}

Tensor over_all_pairs(const ProductFfnExperts& bank, const Tensor& x_TD, const Routing& routing) {
  Tensor out_TD = at::zeros_like(x_TD);
  const Routing &first = routing.factors[0], &second = routing.factors[1];
  for (int64_t t = 0; t < x_TD.size(0); ++t) {
    for (int64_t a = 0; a < first.slots(); ++a) {
      for (int64_t b = 0; b < second.slots(); ++b) {
        const int i = first.expert_TK[t][a].item<int>(), j = second.expert_TK[t][b].item<int>();
        if (i < 0 || j < 0) continue;
        const Tensor h = at::gelu(at::mv(bank.w1_EFD[i], x_TD[t]) + bank.b1_EF[i]);
        const Tensor y = at::mv(bank.w2_EDF[j], h) + bank.b2_ED[j];
        out_TD[t] += first.weight_TK[t][a] * second.weight_TK[t][b] * y;
      }
    }
  }
  return out_TD;
}

TEST(ProductExperts, AreAllPairsOfTheirParts) {
  const auto layer = random_layer();
  const auto& bank = dynamic_cast<const ProductFfnExperts&>(*layer->experts);
  EXPECT_EQ(bank.count(), 12);
  for (const int64_t tokens : {0, 1, 9}) {
    const Tensor x_TD = at::randn({tokens, kBankWidth});
    TokenContext context;
    if (tokens > 1) context.valid_T = at::arange(tokens) != 4;
    const Routing routing = layer->route(x_TD, context);
    ASSERT_EQ(routing.factors.size(), 2u);
    EXPECT_FALSE(routing.expert_TK.defined());
    EXPECT_EQ(routing.factors[1].slots(), 3);
    const Tensor y_TD = layer->apply(x_TD, routing, context);
    ASSERT_EQ(y_TD.sizes(), x_TD.sizes());
    if (tokens == 0) continue;
    EXPECT_LT(max_difference(y_TD, over_all_pairs(bank, x_TD, routing)), 2e-5);
    EXPECT_TRUE(tokens == 1 || y_TD[4].abs().max().item<double>() == 0) << "an invalid token";
  }
}

TEST(ProductExperts, Gradients) {
  const auto layer = random_layer();
  const Tensor x_TD = at::randn({5, kBankWidth}), pull_TD = at::randn({5, kBankWidth});
  for (const auto& [name, tensor, kind] : named_tensors(*layer)) {
    SCOPED_TRACE(name);
    Tensor leaf = tensor;
    leaf.set_requires_grad(true);
    testing::check_gradient([&] { return (layer->forward(x_TD, {}) * pull_TD).sum(); }, leaf, 3e-2, 2e-3, 10);
    leaf.set_requires_grad(false);
  }
}

TEST(ProductExperts, OneOfOneIsAFeedForwardNetwork) {
  at::manual_seed(4);
  ProductFfnExperts bank(kBankWidth, 1, 1, {.hidden = 7, .activation = Activation::relu});
  Routing one;
  one.expert_TK = at::zeros({3, 1}, at::kInt);
  one.weight_TK = at::ones({3, 1});
  Routing routing;
  routing.factors = {one, one};
  const Tensor x_TD = at::randn({3, kBankWidth});
  const Tensor dense = at::linear(at::linear(x_TD, bank.w1_EFD[0]).relu(), bank.w2_EDF[0]);
  EXPECT_LT(max_difference(bank.forward(x_TD, routing, {}), dense), 1e-5);
  EXPECT_THROW(bank.forward(x_TD, one, {}), Error) << "a routing without factors";
}

TEST(ProductExperts, BalanceLossesSeeTheFactors) {
  const auto layer = random_layer();
  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.log = &log;
  layer->forward(at::randn({16, kBankWidth}), context);
  ASSERT_EQ(log.records.size(), 1u);
  Trace trace;
  trace.add(log.records[0]);
  EXPECT_TRUE(trace.sites().empty());
  const auto loss = make_loss(Json::parse(R"({"kind": "switch_balance", "weight": 1})"));
  std::vector<Record> factors(2, log.records[0]);  // as layers of their own
  const int64_t experts[] = {3, 4};
  for (size_t i = 0; i < 2; ++i) {
    factors[i].experts = experts[i];
    factors[i].routing = log.records[0].routing.factors[i];
  }
  const double together = (*loss)(log.records).item<double>(), apart = (*loss)(factors).item<double>();
  EXPECT_GT(together, 0.5);
  EXPECT_NEAR(together, apart, 1e-6);
}

TEST(ProductExperts, WrongConfigurationsAreNamed) {
  const auto says = [](const char* patch, const char* part) {
    try {
      make_layer(config().patch(Json::parse(patch)), kBankWidth, 0);
      ADD_FAILURE() << "was taken: " << patch;
    } catch (const UsageError& e) {
      EXPECT_THAT(e.what(), ::testing::HasSubstr(part));
    }
  };
  says(R"([{"op": "replace", "path": "/experts/count", "value": 13}])", "experts.factors");
  says(R"([{"op": "replace", "path": "/experts/factors", "value": [12]}])", "experts.factors");
  says(R"([{"op": "replace", "path": "/router/factors/0/experts", "value": 4}])", "router.factors");
  says(R"([{"op": "remove", "path": "/router/factors/1"}])", "router.factors");
  says(R"([{"op": "add", "path": "/router/select", "value": "top_k"}])", "router.select");
  says(R"([{"op": "add", "path": "/nulls", "value": 1}])", "null experts");
  const auto layer = random_layer();
  Edits edits;
  Edit forbid;
  forbid.expert = 1;
  edits.at[0] = {forbid};
  TokenContext context;
  context.edits = &edits;
  EXPECT_THROW(layer->route(at::randn({2, kBankWidth}), context), Error);
}

}  // namespace
}  // namespace conclave
