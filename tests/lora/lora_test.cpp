// Adapters on projections: plain LoRA, merging, banks of LoRA experts, attaching by name.
#include "framework/lora/lora.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/lora/attach.h"
#include "framework/lora/expert_adapter.h"
#include "framework/moe/experts/ffn.h"
#include "framework/moe/routing_log.h"
#include "framework/nn/ffn.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::check_gradient;
using testing::max_difference;

struct Model : Module {
  Ptr<GatedFfn> mlp = std::make_shared<GatedFfn>(6, 10, Activation::silu);
  Ptr<PlainFfn> head = std::make_shared<PlainFfn>(6, 4, Activation::gelu);
  Ptr<FfnExperts> experts = std::make_shared<FfnExperts>(ExpertsShape{6, 3}, FfnOptions{.hidden = 8});
  Tensor forward(const Tensor& x, const TokenContext& c = {}) {
    return head->forward(x + mlp->forward(x, c), c);
  }
  void visit(Visitor& v) override {
    v.child("layers.0.mlp", mlp);
    v.child("layers.0.experts", experts);
    v.child("head", head);
  }
};

// Gives the B of every adapter values, so that it changes something.
void fill(Module& model) {
  for (auto& p : named_tensors(model)) {
    if (p.name.ends_with("lora_B")) p.tensor.normal_();
  }
}

struct Adapters : ::testing::Test {
  Adapters() { at::manual_seed(1); }
  Model model;
  Tensor x = at::randn({5, 6});
  LoraOptions options{.rank = 2, .alpha = 4};
};

TEST_F(Adapters, PlainLoraIsTheScaledProduct) {
  Lora lora(6, 3, options);
  EXPECT_EQ(lora.delta(x, {}).abs().sum().item<double>(), 0);  // fresh
  lora.b_OR.normal_();
  const Tensor want = 2 * at::mm(x, at::mm(lora.b_OR, lora.a_RI).t());
  EXPECT_LT(max_difference(lora.delta(x, {}), want), 1e-5);
  EXPECT_LT(max_difference(lora.delta(x.view({1, 5, 6}), {})[0], want), 1e-5);
  EXPECT_EQ(lora.delta(x.to(at::kBFloat16), {}).scalar_type(), at::kBFloat16);
  options.rslora = true;
  EXPECT_DOUBLE_EQ(Lora(6, 3, options).scale, 4 / std::sqrt(2.0));
}

TEST_F(Adapters, DropoutOnlyWhileTraining) {
  options.dropout = 0.5;
  Lora lora(6, 3, options);
  lora.b_OR.normal_();
  TokenContext train;
  train.phase = Phase::train;
  EXPECT_EQ(max_difference(lora.delta(x, {}), lora.delta(x, {})), 0);
  EXPECT_GT(max_difference(lora.delta(x, train), lora.delta(x, {})), 1e-3);
}

TEST_F(Adapters, GradientsReachTheAdapterAlone) {
  attach_lora(model, {"up_proj"}, options);
  fill(model);
  to_dtype(model, at::kDouble);
  set_trainable(model, true, "lora_");
  auto& lora = dynamic_cast<Lora&>(*model.mlp->up_proj.adapter);
  const Tensor input = x.to(at::kDouble);
  const auto loss = [&] { return model.forward(input).square().sum(); };
  check_gradient(loss, lora.a_RI, 1e-5, 1e-5);
  check_gradient(loss, lora.b_OR, 1e-5, 1e-5);
  EXPECT_FALSE(model.mlp->up_proj.weight.grad().defined());
}

TEST_F(Adapters, PatternsChooseProjectionsByName) {
  const auto names = [&](const Patterns& patterns) {
    std::vector<std::string> found;
    for (const auto& f : find_linears(model, patterns)) found.push_back(f.name);
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({"up_proj"}), Names{"layers.0.mlp.up_proj"});
  EXPECT_EQ(names({"layers.*.mlp.*"}),
            (Names{"layers.0.mlp.gate_proj", "layers.0.mlp.up_proj", "layers.0.mlp.down_proj"}));
  EXPECT_EQ(names({"fc1", "*.down_proj"}), (Names{"layers.0.mlp.down_proj", "head.fc1"}));
  EXPECT_EQ(names({"*"}).size(), 5U);
  EXPECT_EQ(names({"proj"}).size(), 0U);
}

TEST_F(Adapters, AttachRefusesAndThenChangesNothing) {
  EXPECT_THROW(attach_lora(model, {"up_proj", "q_proj"}, options), UsageError);
  EXPECT_FALSE(model.mlp->up_proj.adapter);
  attach_lora(model, {"up_proj"}, options);
  EXPECT_THROW(attach_lora(model, {"*"}, options), Error);
  EXPECT_FALSE(model.mlp->down_proj.adapter);
  detach_adapters(model);
  EXPECT_FALSE(model.mlp->up_proj.adapter);
  EXPECT_EQ(attach_lora(model, {"*"}, options).size(), 6U);  // five projections and a bank
  EXPECT_EQ(find_linears(model, {"*"}).size(), 5U);
}

TEST_F(Adapters, MergeAndUnmergeKeepTheOutput) {
  const Tensor before = model.forward(x), weight = model.mlp->up_proj.weight.clone();
  attach_lora(model, {"mlp.*", "fc2"}, options);
  fill(model);
  const Tensor adapted = model.forward(x);
  EXPECT_GT(max_difference(adapted, before), 1e-3);
  const auto merged = merge_lora(model);
  EXPECT_EQ(merged.size(), 4U);
  EXPECT_FALSE(model.mlp->up_proj.adapter);
  EXPECT_LT(max_difference(model.forward(x), adapted), 1e-4);
  unmerge_lora(merged);
  EXPECT_TRUE(model.mlp->up_proj.adapter);
  EXPECT_LT(max_difference(model.mlp->up_proj.weight, weight), 1e-5);
  EXPECT_LT(max_difference(model.forward(x), adapted), 1e-4);
  detach_adapters(model, {"*"});
  EXPECT_LT(max_difference(model.forward(x), before), 1e-4);
}

TEST_F(Adapters, ExpertsOfABankGetTheirOwnPairs) {
  Routing routing;
  routing.expert_TK = at::tensor({0, 1, 1, 2, 2, 0, 0, 2, -1, 1}, at::kInt).view({5, 2});
  routing.weight_TK = at::rand({5, 2}) * (routing.expert_TK >= 0);
  auto& bank = *model.experts;
  const Tensor before = bank.forward(x, routing, {});
  attach_lora(model, {"experts"}, options);
  EXPECT_LT(max_difference(bank.forward(x, routing, {}), before), 1e-5);
  fill(model);
  const Tensor adapted = bank.forward(x, routing, {});
  EXPECT_GT(max_difference(adapted, before), 1e-3);
  EXPECT_THROW(bank.remap(std::vector<int>{0}), Error);
  const auto w1 = bank.w1_EFD.clone();
  const Tensor delta = 2 * at::bmm(bank.lora1->b_EOR, bank.lora1->a_ERI);
  bank.merge_lora();
  EXPECT_FALSE(bank.lora1);
  EXPECT_LT(max_difference(bank.w1_EFD, w1 + delta), 1e-5);
  EXPECT_LT(max_difference(bank.forward(x, routing, {}), adapted), 1e-3);
}

const char* const kBank = R"({"experts": {"kind": "lora", "count": 4, "rank": 2, "alpha": 4},
  "router": {"score": {"kind": "linear"}, "select": {"kind": "top_k", "k": 2}, "weigh": {"kind": "softmax_selected"}}})";

TEST_F(Adapters, BankOfLoraExpertsBehindItsOwnRouter) {
  const auto config = parse_json(kBank, "t");
  EXPECT_EQ(attach_expert_adapters(model, {"up_proj", "fc1"}, config, 7).size(), 2U);
  fill(model);
  auto& linear = model.mlp->up_proj;  // 6 -> 10
  auto& adapter = dynamic_cast<ExpertAdapter&>(*linear.adapter);
  EXPECT_EQ(adapter.layer->site, 7);
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  const Tensor y = linear.forward(x.view({1, 5, 6}), context);
  ASSERT_EQ(y.sizes(), (at::IntArrayRef{1, 5, 10}));
  ASSERT_EQ(log.records.size(), 1U);
  EXPECT_EQ(log.records[0].site, 7);

  // Each token: the base plus the weighted products of the experts it was sent to.
  const Routing& routing = log.records[0].routing;
  auto state = named_tensors(*adapter.layer->experts);
  ASSERT_EQ(state.size(), 2U);
  const Tensor a_ERI = state[0].tensor, b_EOR = state[1].tensor;
  for (int t = 0; t < 5; ++t) {
    Tensor want = at::mv(linear.weight, x[t]);
    for (int k = 0; k < 2; ++k) {
      const int e = routing.expert_TK[t][k].item<int>();
      want = want + routing.weight_TK[t][k] * 2.0 * at::mv(b_EOR[e], at::mv(a_ERI[e], x[t]));
    }
    EXPECT_LT(max_difference(y[0][t], want), 1e-4);
  }

  // The same routing from outside gives the same, and leaves no second record.
  adapter.given = std::make_shared<Routing>(routing);
  EXPECT_EQ(max_difference(linear.forward(x, context), y[0]), 0);
  EXPECT_EQ(log.records.size(), 1U);
  EXPECT_EQ(merge_lora(model).size(), 0U);  // a bank's delta depends on the token
  EXPECT_TRUE(linear.adapter);
}

TEST_F(Adapters, RanksAsExperts) {
  auto config = parse_json(kBank, "t");
  config["experts"] = {{"kind", "lora_ranks"}, {"count", 8}, {"rank", 2}, {"alpha", 4}};
  const auto adapter = make_expert_adapter(config, 6, 3, 0);
  EXPECT_EQ(adapter->delta(x, {}).sizes(), (at::IntArrayRef{5, 3}));
  EXPECT_EQ(adapter->layer->experts->count(), 8);
}

TEST_F(Adapters, BadBankConfigurationNamesTheKey) {
  auto config = parse_json(kBank, "t");
  config["experts"]["kind"] = "dense";
  try {
    attach_expert_adapters(model, {"up_proj"}, config, 0);
    ADD_FAILURE();
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("adapter.experts.kind"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(model.mlp->up_proj.adapter);
}

}  // namespace
}  // namespace conclave
