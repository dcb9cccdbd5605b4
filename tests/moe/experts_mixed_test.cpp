// Pools of unlike experts, latent experts and the configuration of every bank.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "experts_common.h"
#include "framework/base/error.h"
#include "framework/moe/experts/latent.h"
#include "framework/moe/experts/mixed.h"
#include "framework/moe/experts/trivial.h"
#include "framework/nn/ffn.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::gradient_error;
using testing::loop_experts;
using testing::max_difference;
using testing::random_routing;

Tensor weighted(const Tensor& slots_TKD, const Routing& routing) {
  return (slots_TKD * routing.weight_TK.unsqueeze(-1)).sum(1);
}

TEST(MixedExperts, PoolOfFeedForwardAndZeroComputationExperts) {
  at::manual_seed(1);
  auto ffn = std::make_shared<FfnExperts>(ExpertsShape{6, 2}, FfnOptions{.hidden = 8});
  auto constant = std::make_shared<ConstantExperts>(ExpertsShape{6, 2});
  constant->value_ED.normal_();
  MixedExperts bank({ffn, std::make_shared<ZeroExperts>(1), std::make_shared<IdentityExperts>(1), constant});
  ASSERT_EQ(bank.count(), 6);
  to_dtype(bank, at::kDouble);
  set_trainable(bank, true);
  Tensor x = at::randn({12, 6}, at::kDouble).set_requires_grad(true);
  auto routing = random_routing(12, 3, 7, 2, 0.1);
  routing.weight_TK = routing.weight_TK.to(at::kDouble).set_requires_grad(true);
  const auto one = [&](int64_t e, const Tensor& row) -> Tensor {
    if (e < 2) {
      const Tensor h = at::silu(at::mv(ffn->w1_EFD[e], row)) * at::mv(ffn->w3_EFD[e], row);
      return at::mv(ffn->w2_EDF[e], h);
    }
    if (e == 2) return at::zeros_like(row);
    if (e == 3) return row;
    const Tensor p = at::softmax(at::mv(constant->mix_E2D[e - 4], row), 0);
    return p[0] * row + p[1] * constant->value_ED[e - 4];
  };
  const auto f = [&] { return bank.forward(x, routing, {}); };
  EXPECT_LT(max_difference(f(), loop_experts(x, routing, 6, 6, one)), 1e-12);
  EXPECT_LT(max_difference(weighted(bank.slots(x, routing, {}), routing), f()), 1e-12);
  for (const Tensor& leaf : {x, routing.weight_TK, constant->mix_E2D, constant->value_ED, ffn->w2_EDF}) {
    EXPECT_LT(gradient_error(leaf, f), 1e-7);
  }
}

// Adds each token's position: shows which rows, and whose context, a module saw.
struct AddPosition : Path {
  Tensor forward(const Tensor& x_TD, const TokenContext& context) override {
    EXPECT_EQ(context.position_T.size(0), x_TD.size(0));
    return x_TD + context.position_T.unsqueeze(1).to(x_TD.scalar_type());
  }
  void visit(Visitor&) override {}
};

TEST(ModuleExperts, EachModuleSeesItsOwnRowsAndTheirContext) {
  at::manual_seed(2);
  auto gated = std::make_shared<GatedFfn>(4, 6, Activation::silu);
  auto plain = std::make_shared<PlainFfn>(4, 10, Activation::gelu);
  ModuleExperts bank({gated, std::make_shared<AddPosition>(), plain});
  TokenContext context;
  context.position_T = at::arange(8) * 10;
  const Tensor x = at::randn({8, 4});
  const auto routing = random_routing(8, 2, 4, 3, 0.2);
  Tensor want = at::zeros({8, 4});
  for (int t = 0; t < 8; ++t) {
    for (int k = 0; k < 2; ++k) {
      const int id = routing.expert_TK[t][k].item<int>();
      const Tensor row = x.narrow(0, t, 1);
      if (id == 0) want[t] += routing.weight_TK[t][k] * gated->forward(row, {})[0];
      if (id == 1) want[t] += routing.weight_TK[t][k] * (row[0] + 10 * t);
      if (id == 2) want[t] += routing.weight_TK[t][k] * plain->forward(row, {})[0];
    }
  }
  EXPECT_LT(max_difference(bank.forward(x, routing, context), want), 1e-4);
  EXPECT_LT(max_difference(weighted(bank.slots(x, routing, context), routing), want), 1e-4);
  const auto unchosen = random_routing(8, 2, 4, 3, 1.0);
  EXPECT_EQ(max_difference(bank.forward(x, unchosen, context), at::zeros({8, 4})), 0);
  EXPECT_THROW(ModuleExperts({}), UsageError);
}

TEST(LatentExperts, ProjectionsMoveOutOfTheSum) {
  at::manual_seed(3);
  LatentExperts bank({8, 4}, 3, {.hidden = 5});
  const Tensor x = at::randn({7, 8});
  const auto routing = random_routing(7, 2, 5, 1, 0.1);
  const Tensor want = loop_experts(x, routing, 4, 8, [&](int64_t e, const Tensor& row) {
    const Tensor z = at::mv(bank.down_LD, row);
    const Tensor h = at::silu(at::mv(bank.inner.w1_EFD[e], z)) * at::mv(bank.inner.w3_EFD[e], z);
    return at::mv(bank.up_DL, at::mv(bank.inner.w2_EDF[e], h));
  });
  EXPECT_LT(max_difference(bank.forward(x, routing, {}), want), 1e-5);
  EXPECT_LT(max_difference(weighted(bank.slots(x, routing, {}), routing), want), 1e-5);
  bank.remap(std::vector<int>{3, 3});
  EXPECT_EQ(bank.count(), 2);
}

TEST(MakeExperts, BuildsEveryKind) {
  const auto routing = random_routing(5, 2, 4, 1);
  const Tensor x = at::randn({5, 6});
  for (
      const char* text : {
          R"({"kind":"gated_ffn","hidden":8,"activation":"gelu","bias":true})",
          R"({"kind":"ffn","hidden":8})",
          R"({"kind":"lora_ffn","hidden":8,"rank":2,"alpha":4,"targets":["up","down"],"dropout":0.1})",
          R"({"kind":"lora_ffn","hidden":8,"gated":false,"rslora":true})",
          R"({"kind":"lora_ranks","rank":2})",
          R"({"kind":"latent","latent":3,"hidden":8})",
          R"({"kind":"zero"})",
          R"({"kind":"identity","count":4})",
          R"({"kind":"constant"})",
          R"({"kind":"mixed","parts":[{"kind":"gated_ffn","count":2,"hidden":8},{"kind":"zero"},{"kind":"ffn","hidden":3}]})",
      }) {
    const auto bank = make_experts(parse_json(text, "t"), {6, 4});
    EXPECT_EQ(bank->count(), 4) << text;
    EXPECT_EQ(bank->forward(x, routing, {}).sizes(), x.sizes()) << text;
    EXPECT_EQ(bank->slots(x, routing, {}).sizes(), (at::IntArrayRef{5, 2, 6})) << text;
  }
}

TEST(MakeExperts, SaysWhatIsWrong) {
  const auto fails_with = [](const char* text, const char* part) {
    try {
      make_experts(parse_json(text, "t"), {6, 4});
      ADD_FAILURE() << text << " was taken";
    } catch (const UsageError& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  fails_with(R"({"kind":"mixed","parts":[{"kind":"zero"}]})", "1 experts");
  fails_with(R"({"kind":"mixed","parts":[{"kind":"zero"},{"kind":"none","count":3}]})",
             "experts.parts.1.kind");
  fails_with(R"({"kind":"mixed"})", "experts.parts");
  fails_with(R"({"kind":"lora_ffn","hidden":8,"targets":["left"]})", "left");
  fails_with(R"({"kind":"lora_ffn","hidden":8,"dropout":1})", "experts.dropout");
  fails_with(R"({"kind":"lora_ffn","hidden":8,"rank":0})", "experts.rank");
  fails_with(R"({"kind":"latent","hidden":8})", "experts.latent");
}

TEST(LoraFfnBank, AdaptersAreChosenByName) {
  const auto bank = make_experts(parse_json(R"({"kind":"lora_ffn","hidden":8})", "t"), {6, 4});
  set_trainable(*bank, true, "lora_");
  for (const auto& p : named_parameters(*bank)) {
    EXPECT_EQ(p.tensor.requires_grad(), p.name.find("lora_") != std::string::npos) << p.name;
  }
}

}  // namespace
}  // namespace conclave
