// Routing without tensors against routing with them: the same choices, the same weights.
#include "framework/moe/few_tokens.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "framework/moe/edits.h"
#include "framework/moe/routing_log.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

constexpr RouterShape kFewShape{.width = 24, .experts = 6, .nulls = 1};

Json config_of(const std::string& text) {
  return Json::parse(text);
}

// Randomises every weight, so that biases count too.
Ptr<Router> random_router(const Json& config, int64_t shared = 0) {
  RouterShape shape = kFewShape;
  shape.shared = shared;
  const auto router = make_router(config, shape);
  for (const auto& [name, tensor, kind] : named_tensors(*router)) Tensor(tensor).normal_();
  return router;
}

TokenContext context_of(int64_t tokens) {
  TokenContext context;
  context.modality_T = at::randint(-1, 4, {tokens}, at::kLong);
  context.task_T = at::randint(0, 3, {tokens}, at::kLong);
  return context;
}

void expect_same(const Routing& few, const Routing& tensors) {
  ASSERT_TRUE(at::equal(few.expert_TK, tensors.expert_TK)) << few.expert_TK << tensors.expert_TK;
  EXPECT_LT(max_difference(few.weight_TK, tensors.weight_TK), 1e-6);
  EXPECT_FALSE(few.logits_TE.defined());
  EXPECT_FALSE(few.prob_TE.defined());
}

const char* kFewConfigs[] = {
    R"({"select": {"kind": "top_k", "k": 2}, "weigh": "softmax_selected"})",
    R"({"score": {"kind": "linear", "bias": true}, "select": {"kind": "top_k", "k": 3}, "weigh": "softmax"})",
    R"({"select": {"kind": "top_k", "k": 7}, "weigh": ["softmax", "normalise", {"kind": "scale", "by": 2.5}]})",
    R"({"mask": {"kind": "modality_pool", "private": {"vision": 2, "text": 2}},
        "select": {"kind": "top_k", "k": 2}, "weigh": "softmax"})",
    R"({"score": {"kind": "per_modality", "scores": {"vision": "linear", "text": "linear"}},
        "mask": {"kind": "modality_pool", "private": {"vision": 1, "text": 1}},
        "select": {"kind": "top_k", "k": 2}, "weigh": "softmax_selected"})",
    R"({"mask": {"kind": "task_pool", "pools": [[0], [1, 2], [3, 4, 5]]},
        "select": {"kind": "top_k", "k": 4}, "weigh": "softmax_selected"})",
    R"({"select": {"kind": "top_k", "k": 2}, "weigh": "one"})",
    R"({"select": {"kind": "top_p", "p": 0.7}, "weigh": "softmax_selected"})",
    R"({"mask": {"kind": "task_pool", "pools": [[0], [1, 2], [3, 4, 5]]},
        "select": {"kind": "top_p", "p": 0.9, "at_most": 2}, "weigh": "softmax"})",
    R"({"select": {"kind": "sparse_mixer", "p": 0.7, "at_most": 3},
        "weigh": ["given", {"kind": "normalise", "epsilon": 1e-6}]})",
    R"({"mask": {"kind": "task_pool", "pools": [[0], [1, 2], [3, 4, 5]]},
        "select": {"kind": "sparse_mixer", "k": 2, "jitter": 0.3}, "weigh": "given"})",
};

// Routers whose last columns are shared experts.
const char* kSharedConfigs[] = {
    R"({"select": {"kind": "top_p", "p": 0.7}, "weigh": ["softmax_selected", "shared_gate"]})",
    R"({"select": {"kind": "top_k", "k": 2}, "weigh": ["softmax", "shared_gate"]})",
    R"({"select": {"kind": "sparse_mixer", "p": 0.7, "at_most": 3},
        "weigh": ["given", {"kind": "normalise", "epsilon": 1e-6}, "shared_gate"]})",
};

TEST(FewTokens, RouteAsTensorsDo) {
  at::manual_seed(1);
  for (const char* text : kFewConfigs) {
    SCOPED_TRACE(text);
    const auto router = random_router(config_of(text));
    for (int64_t tokens = 1; tokens <= kFewTokens; ++tokens) {
      const Tensor x_TD = at::randn({tokens, kFewShape.width});
      TokenContext context = context_of(tokens);
      for (const bool some_invalid : {false, true}) {
        if (some_invalid) context.valid_T = at::rand({tokens}) < 0.5;
        const Routing tensors = router->route(x_TD, context);  // with gradients on
        const at::NoGradGuard no_grad;
        const auto few = route_few(*router, x_TD, context);
        ASSERT_TRUE(few);
        expect_same(*few, tensors);
        expect_same(router->route(x_TD, context), tensors);
      }
      const Routing bare = router->route(x_TD, {});
      const at::NoGradGuard no_grad;
      expect_same(router->route(x_TD, {}), bare);
    }
  }
}

TEST(FewTokens, WeighSharedExpertsAsTensorsDo) {
  at::manual_seed(2);
  for (const char* text : kSharedConfigs) {
    SCOPED_TRACE(text);
    const auto router = random_router(config_of(text), 2);
    for (int64_t tokens = 1; tokens <= kFewTokens; ++tokens) {
      const Tensor x_TD = at::randn({tokens, kFewShape.width});
      TokenContext context;
      for (const bool some_invalid : {false, true}) {
        if (some_invalid) context.valid_T = at::rand({tokens}) < 0.5;
        const Routing tensors = router->route(x_TD, context);
        const at::NoGradGuard no_grad;
        const auto few = route_few(*router, x_TD, context);
        ASSERT_TRUE(few);
        expect_same(*few, tensors);
        ASSERT_EQ(few->shared_TS.sizes(), tensors.shared_TS.sizes());
        EXPECT_LT(max_difference(few->shared_TS, tensors.shared_TS), 1e-6);
      }
    }
  }
}

TEST(FewTokens, TiesGoToTheLowerId) {
  const auto router = random_router(config_of(kFewConfigs[0]));
  const at::NoGradGuard no_grad;
  const auto few = route_few(*router, at::zeros({3, kFewShape.width}), {});
  ASSERT_TRUE(few);
  EXPECT_TRUE(at::equal(few->expert_TK, at::tensor({0, 1, 0, 1, 0, 1}, at::kInt).view({3, 2})));
  EXPECT_LT(max_difference(few->weight_TK, at::full({3, 2}, 0.5)), 1e-7);
}

TEST(FewTokens, LeaveTheRestToTensors) {
  const auto router = random_router(config_of(kFewConfigs[0]));
  const Tensor x_TD = at::randn({2, kFewShape.width});
  EXPECT_FALSE(route_few(*router, x_TD, {})) << "gradients are on";
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(route_few(*router, x_TD, {}));
  EXPECT_FALSE(route_few(*router, at::randn({kFewTokens + 1, kFewShape.width}), {}));
  EXPECT_FALSE(route_few(*router, at::empty({0, kFewShape.width}), {}));
  EXPECT_FALSE(route_few(*router, x_TD.to(at::kBFloat16), {}));
  EXPECT_FALSE(route_few(*router, at::randn({kFewShape.width, 2}).t(), {}));
  EXPECT_FALSE(route_few(*router, at::randn({2, kFewShape.width + 1}), {}));
  EXPECT_ANY_THROW(router->route(at::randn({2, kFewShape.width + 1}), {}));
  TokenContext context;
  context.phase = Phase::train;
  EXPECT_FALSE(route_few(*router, x_TD, context));
  RoutingLog log;
  log.keep_logits = true;
  context = {};
  context.log = &log;
  EXPECT_FALSE(route_few(*router, x_TD, context));
  EXPECT_TRUE(router->route(x_TD, context).logits_TE.defined());
  const auto by_sigmoid =
      random_router(config_of(R"({"select": {"kind": "top_k", "k": 2}, "weigh": "sigmoid"})"));
  EXPECT_FALSE(route_few(*by_sigmoid, x_TD, {}));
  EXPECT_EQ(by_sigmoid->route(x_TD, {}).tokens(), 2);
}

}  // namespace
}  // namespace conclave
