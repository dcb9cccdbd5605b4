// The layer's sum against loops: routed and shared experts, the dense path, records.
#include "framework/moe/layer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/moe/routing_log.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

// Expert e multiplies by e + 1.
struct Multiples : Experts {
  explicit Multiples(int64_t count) : count_(count) {}
  int64_t count() const override { return count_; }
  Tensor forward(const Tensor& x_TD, const Routing& r, const TokenContext&) override {
    const Tensor run_TK = (r.expert_TK >= 0) & (r.expert_TK < count_);
    return x_TD * (r.weight_TK * (r.expert_TK + 1) * run_TK).sum(1, true).to(x_TD.scalar_type());
  }
  void visit(Visitor&) override {}
  int64_t count_;
};

struct Times : Path {
  explicit Times(double by) : by(by) {}
  Tensor forward(const Tensor& x_TD, const TokenContext&) override { return x_TD * by; }
  void visit(Visitor&) override {}
  double by;
};

Ptr<Layer> small_layer(int64_t experts = 4) {
  auto layer = std::make_shared<Layer>();
  layer->site = 7;
  layer->experts = std::make_shared<Multiples>(experts);
  layer->router = make_router({{"select", {{"kind", "top_k"}, {"k", 2}}}}, {.width = 3, .experts = experts});
  return layer;
}

TEST(Layer, RoutedSum) {
  const auto layer = small_layer();
  const Tensor x_TD = at::randn({5, 3});
  const Routing r = layer->route(x_TD, {});
  const Tensor y_TD = layer->forward(x_TD, {});
  for (int t = 0; t < 5; ++t) {
    double factor = 0;
    for (int k = 0; k < 2; ++k)
      factor += r.weight_TK[t][k].item<double>() * (r.expert_TK[t][k].item<int>() + 1);
    EXPECT_LT(max_difference(y_TD[t], x_TD[t] * factor), 1e-5);
  }
}

TEST(Layer, SharedExpertsUnderEachGate) {
  const auto layer = small_layer();
  const Tensor x_TD = at::randn({5, 3});
  const Tensor routed_TD = layer->forward(x_TD, {});
  layer->shared = {std::make_shared<Times>(10), std::make_shared<Times>(100)};
  EXPECT_LT(max_difference(layer->forward(x_TD, {}), routed_TD + x_TD * 110), 1e-4);

  layer->shared_gate = SharedGate::sigmoid;
  layer->shared_gate_SD = at::randn({2, 3});
  const Tensor gate_TS = x_TD.matmul(layer->shared_gate_SD.t()).sigmoid();
  const Tensor gated_TD = x_TD * (gate_TS.select(1, 0) * 10 + gate_TS.select(1, 1) * 100).unsqueeze(1);
  EXPECT_LT(max_difference(layer->forward(x_TD, {}), routed_TD + gated_TD), 1e-4);

  layer->shared_gate = SharedGate::router;
  Routing r = layer->route(x_TD, {});
  EXPECT_THROW(layer->apply(x_TD, r, {}), Error);
  r.shared_TS = gate_TS;
  EXPECT_LT(max_difference(layer->apply(x_TD, r, {}), routed_TD + gated_TD), 1e-4);
}

TEST(Layer, DensePathMixesBySoftmax) {
  const auto layer = small_layer();
  const Tensor x_TD = at::randn({5, 3});
  const Tensor routed_TD = layer->forward(x_TD, {});
  layer->dense = std::make_shared<Times>(50);
  layer->path_gate_2D = at::randn({2, 3});
  layer->path_bias_2 = at::randn({2});
  const Tensor path_TP = (x_TD.matmul(layer->path_gate_2D.t()) + layer->path_bias_2).softmax(1);
  const Tensor expected = routed_TD * path_TP.narrow(1, 0, 1) + x_TD * 50 * path_TP.narrow(1, 1, 1);
  EXPECT_LT(max_difference(layer->forward(x_TD, {}), expected), 1e-4);
}

TEST(Layer, LeavesARecord) {
  const auto layer = small_layer();
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  context.modality_T = at::zeros({5}, at::kLong);
  const Tensor x_TD = at::randn({5, 3});
  const Routing r = layer->route(x_TD, context);
  ASSERT_EQ(log.records.size(), 1u);
  const Record& record = log.records[0];
  EXPECT_EQ(record.site, 7);
  EXPECT_EQ(record.experts, 4);
  EXPECT_TRUE(record.routing.expert_TK.is_same(r.expert_TK));
  EXPECT_TRUE(record.context.modality_T.defined());
  EXPECT_EQ(record.context.log, nullptr);
  EXPECT_FALSE(record.x_TD.defined());
  log.keep_inputs = true;
  layer->forward(x_TD, context);
  EXPECT_TRUE(log.records[1].x_TD.is_same(x_TD));
}

TEST(Layer, KeepsTheActivationsType) {
  const auto layer = small_layer();
  layer->shared = {std::make_shared<Times>(2)};
  layer->shared_gate = SharedGate::sigmoid;
  layer->shared_gate_SD = at::randn({1, 3});
  layer->dense = std::make_shared<Times>(3);
  layer->path_gate_2D = at::randn({2, 3});
  EXPECT_EQ(layer->forward(at::randn({5, 3}).to(at::kBFloat16), {}).scalar_type(), at::kBFloat16);
  EXPECT_EQ(layer->forward(at::empty({0, 3}), {}).size(0), 0);
}

TEST(MakeLayer, BuildsEveryPart) {
  const Json config = {{"experts", {{"count", 4}, {"kind", "gated_ffn"}, {"hidden", 8}}},
                       {"router", {{"select", {{"kind", "top_k"}, {"k", 2}}}}},
                       {"nulls", 1},
                       {"shared", {{"count", 2}, {"hidden", 8}, {"gate", "sigmoid"}}},
                       {"dense", {{"hidden", 16}}},
                       {"capacity", 1.25}};
  const auto layer = make_layer(config, 6, 3);
  EXPECT_EQ(layer->site, 3);
  EXPECT_EQ(layer->forward(at::randn({5, 6}), {}).sizes(), at::IntArrayRef({5, 6}));
  std::vector<std::string> names;
  for (const auto& t : named_tensors(*layer)) names.push_back(t.name);
  for (const auto* name : {"router.score.weight", "shared.1.down_proj.weight", "shared_gate.weight",
                           "dense.gate_proj.weight", "path_gate.weight", "path_gate.bias"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  EXPECT_EQ(named_tensors(*layer->router)[0].tensor.size(0), 5);
}

TEST(MakeLayer, NamesTheWrongKey) {
  const Json good = {{"experts", {{"count", 4}, {"hidden", 8}}},
                     {"router", {{"select", {{"kind", "top_k"}, {"k", 2}}}}}};
  const auto message = [&](const char* key, const Json& value) -> std::string {
    Json config = good;
    config[key] = value;
    try {
      make_layer(config, 6, 0);
    } catch (const UsageError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("nulls", 1), "no error");
  EXPECT_NE(message("nulls", -1).find("moe.nulls"), std::string::npos);
  EXPECT_NE(message("experts", {{"hidden", 8}}).find("experts.count"), std::string::npos);
  EXPECT_NE(message("shared", {{"hidden", 8}, {"gate", "both"}}).find("shared.gate"), std::string::npos);
  EXPECT_NE(message("capacity", -1).find("factor"), std::string::npos);
  EXPECT_NE(message("top", 1).find("moe.top"), std::string::npos);
}

}  // namespace
}  // namespace conclave
