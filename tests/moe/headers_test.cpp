// The layer's interface compiles on its own and fits a router and a bank written outside the framework.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/moe/edits.h"
#include "framework/moe/layer.h"
#include "framework/moe/loss.h"
#include "framework/moe/trace.h"

namespace conclave {
namespace {

struct FirstExpert : Stage {
  void run(RouteState& state, const TokenContext&) override {
    const auto tokens = state.x_UD.size(0);
    state.routing.expert_TK = at::zeros({tokens, 1}, at::kInt);
    state.routing.weight_TK = at::ones({tokens, 1});
  }
};

struct Doubling : Experts {
  int64_t count() const override { return 1; }
  Tensor forward(const Tensor& x_TD, const Routing&, const TokenContext&) override { return x_TD * 2; }
  void visit(Visitor&) override {}
};

TEST(MoeHeaders, OutsideStageAndBankFit) {
  RouteState state;
  state.x_UD = at::ones({3, 4});
  FirstExpert().run(state, {});
  EXPECT_EQ(state.routing.tokens(), 3);
  EXPECT_TRUE(at::equal(Doubling().forward(state.x_UD, state.routing, {}), at::full({3, 4}, 2.0)));
}

}  // namespace
}  // namespace conclave
