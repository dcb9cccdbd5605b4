// Routers of published systems, made from their stages, against the choices and weights that the original
// code gave for recorded logits.
#include <ATen/TensorIndexing.h>
#include <gtest/gtest.h>

#include "framework/moe/routers/select/sparse_mixer.h"
#include "framework/tensor/safetensors.h"
#include "moe/stages.h"
#include "testing/numeric.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::max_difference;

Safetensors parity(const std::string& folder, const char* file = "expected.safetensors") {
  return Safetensors(*testing::data_dir() / "parity" / folder / file);
}

// Gives logits that were recorded.
struct Recorded : Stage {
  Tensor logits_TE;
  void run(RouteState& state, const TokenContext&) override { state.routing.logits_TE = logits_TE; }
};

Ptr<Router> router_for(const Json& config, const Tensor& logits_TE, int64_t nulls = 0, int64_t shared = 0) {
  auto router = make_router(
      config, {.width = 1, .experts = logits_TE.size(1) - nulls - shared, .nulls = nulls, .shared = shared});
  auto score = std::make_shared<Recorded>();
  score->logits_TE = logits_TE;
  router->score = score;
  return router;
}

Routing route(Router& router, const TokenContext& context = {}) {
  const auto& logits_TE = static_cast<Recorded&>(*router.score).logits_TE;
  return router.route(at::zeros({logits_TE.size(0), 1}), context);
}

// Values of the slots in a column for each expert: the order of slots does not matter.
Tensor by_expert(const Tensor& expert_TK, const Tensor& value_TK, int64_t experts) {
  const Tensor column = at::where(expert_TK < 0, experts, expert_TK).to(at::kLong);
  return at::zeros({expert_TK.size(0), experts + 1})
      .scatter_add(1, column, value_TK.to(at::kFloat))
      .narrow(1, 0, experts);
}

void expect_same(const Routing& r, const Tensor& expert_TK, const Tensor& weight_TK, int64_t pool) {
  const auto chosen = [&](const Tensor& e) { return by_expert(e, at::ones(e.sizes()), pool); };
  EXPECT_TRUE(at::equal(chosen(r.expert_TK), chosen(expert_TK)));
  EXPECT_LT(max_difference(by_expert(r.expert_TK, r.weight_TK, pool), by_expert(expert_TK, weight_TK, pool)),
            1e-5);
}

// Every layer of a folder that records router_logits.N, expert_ids.N and combine_weights.N.
void check_layers(const std::string& folder, std::vector<std::string> layers, const Json& config) {
  SCOPED_TRACE(folder);
  const auto out = parity(folder);
  for (const auto& layer : layers) {
    const Tensor logits_TE = out.tensor("router_logits." + layer);
    expect_same(route(*router_for(config, logits_TE)), out.tensor("expert_ids." + layer),
                out.tensor("combine_weights." + layer), logits_TE.size(1));
  }
}

Json top_k(int k) {
  return {{"kind", "top_k"}, {"k", k}};
}

TEST(PublishedRouters, SoftmaxAndTopK) {
  for (const char* folder : {"mixtral", "unimoe1", "olmoe"})
    CONCLAVE_NEED_DATA(std::string("parity/") + folder + "/expected.safetensors");
  check_layers("mixtral", {"0", "1"}, {{"select", top_k(2)}, {"weigh", "softmax_selected"}});
  check_layers("unimoe1", {"0", "1"}, {{"select", top_k(2)}, {"weigh", "softmax_selected"}});
  check_layers("olmoe", {"0", "1"}, {{"select", top_k(3)}, {"weigh", "softmax"}});
}

TEST(PublishedRouters, DeepSeekV2GroupLimited) {
  CONCLAVE_NEED_DATA("parity/deepseek-v2/expected.safetensors");
  const Json groups = {{"kind", "group_limited"}, {"groups", 4}, {"keep", 2}};
  check_layers("deepseek-v2", {"1", "2"},
               {{"select", {groups, top_k(3)}}, {"weigh", {"softmax", {{"kind", "scale"}, {"by", 2.5}}}}});
}

TEST(PublishedRouters, DeepSeekV3BiasCorrected) {
  CONCLAVE_NEED_DATA("parity/deepseek-v3/expected.safetensors");
  const Json config = {{"select",
                        {"choose_by",
                         "bias_corrected",
                         {{"kind", "group_limited"}, {"groups", 4}, {"keep", 2}, {"score", "top2_sum"}},
                         top_k(4)}},
                       {"weigh", {"sigmoid", "normalise", {{"kind", "scale"}, {"by", 2.5}}}}};
  const Safetensors model(*testing::data_dir() / "parity" / "deepseek-v3");
  const auto out = parity("deepseek-v3");
  for (const std::string layer : {"1", "2"}) {
    const auto router = router_for(config, out.tensor("router_logits." + layer));
    named_tensors(*router)[0].tensor.copy_(
        model.tensor("model.layers." + layer + ".mlp.gate.e_score_correction_bias"));
    expect_same(route(*router), out.tensor("expert_ids." + layer), out.tensor("combine_weights." + layer),
                16);
  }
}

TEST(PublishedRouters, MoiiePools) {
  CONCLAVE_NEED_DATA("parity/moiie/expected.safetensors");
  const auto out = parity("moiie");
  const Json config = {{"mask", {{"kind", "modality_pool"}, {"private", {{"vision", 1}, {"text", 1}}}}},
                       {"select", top_k(2)}};
  for (const std::string layer : {"1", "3"}) {
    for (const auto& [router, modality, first] :
         {std::tuple("vis", Modality::vision, 0), std::tuple("lan", Modality::text, 1)}) {
      const std::string name = "batch.router." + layer + "." + router;
      const Tensor own_TE = out.tensor(name + ".logits");
      // The published router has no column for the expert out of reach; ours masks whatever stands there.
      Tensor logits_TE = at::full({own_TE.size(0), 4}, 100.0);
      logits_TE.narrow(1, first, 3).copy_(own_TE);
      TokenContext context;
      context.modality_T = at::full({own_TE.size(0)}, static_cast<int64_t>(modality), at::kLong);
      expect_same(route(*router_for(config, logits_TE), context), out.tensor(name + ".experts") + first,
                  out.tensor(name + ".weights"), 4);
    }
  }
}

TEST(PublishedRouters, MoeLlavaCapacity) {
  CONCLAVE_NEED_DATA("parity/moe_llava-phi2/expected.safetensors");
  const auto out = parity("moe_llava-phi2");
  const Json capacity = {{"kind", "capacity"}, {"factor", 1.5}, {"eval_factor", 1.0}, {"order", "position"}};
  const Json config = {{"select", {top_k(2), capacity}}, {"weigh", {"softmax", "normalise"}}};
  float lost = 0;
  for (const std::string use : {"text", "image", "batch", "train"}) {
    for (const std::string layer : {"0", "2"}) {
      SCOPED_TRACE(use + layer);
      const std::string name = use + ".router." + layer;
      const auto router = router_for(config, out.tensor(name + ".logits"));
      const Routing r = route(*router, use == "train" ? testing::training() : TokenContext{});
      const Tensor weight_TK = out.tensor(name + ".weights");
      const Tensor kept_TK = out.tensor(name + ".experts").masked_fill(out.tensor(name + ".slot") < 0, -1);
      expect_same(r, kept_TK, weight_TK, 4);
      lost += r.dropped_E.sum().item<float>();
    }
  }
  EXPECT_GT(lost, 0);
}

// Routers with 1 null expert and 2 shared ones; their recorded weights are over the real and null experts.
Json uni_moe(Json mixer, double factor = 0, int64_t minimum = 0) {
  mixer.update({{"kind", "sparse_mixer"}, {"p", 0.7}});
  const Json capacity = {{"kind", "capacity"},
                         {"factor", factor},
                         {"minimum", minimum},
                         {"order", "logit"},
                         {"per_slot", false}};
  return {{"select", {mixer, capacity}},
          {"weigh", {"given", {{"kind", "normalise"}, {"epsilon", 1e-6}}, "shared_gate"}}};
}

void expect_uni_moe(const Routing& r, const Safetensors& out, const std::string& use,
                    const std::string& layer, const Tensor& valid_T) {
  const Tensor global_TN = out.tensor(use + "global_weight." + layer);
  const int64_t pool = global_TN.size(1) - 2;
  const auto valid = [&](const Tensor& t) { return valid_T.defined() ? t.index({valid_T}) : t; };
  Routing rows = r;
  rows.expert_TK = valid(r.expert_TK);
  rows.weight_TK = valid(r.weight_TK);
  expect_same(rows, valid(out.tensor(use + "expert_ids." + layer)),
              valid(out.tensor(use + "combine_weights." + layer)), pool);
  EXPECT_LT(max_difference(valid(r.shared_TS), valid(global_TN.narrow(1, pool, 2))), 1e-5);
}

TEST(PublishedRouters, UniMoe2DcmoeAndUniMoeAudio) {
  for (const char* folder : {"dcmoe", "unimoe2", "unimoe-audio"})
    CONCLAVE_NEED_DATA(std::string("parity/") + folder + "/expected.safetensors");
  for (const auto& [folder, factor, minimum] :
       {std::tuple("dcmoe", 1.2, 8), std::tuple("unimoe2", 0.0, 0), std::tuple("unimoe-audio", 0.0, 0)}) {
    const auto out = parity(folder);
    TokenContext context;
    context.valid_T = parity(folder, "inputs.safetensors").tensor("attention_mask").flatten().to(at::kBool);
    for (const std::string layer : {"0", "1"}) {
      SCOPED_TRACE(folder + layer);
      const auto router =
          router_for(uni_moe(Json::object(), factor, minimum), out.tensor("router_logits." + layer), 1, 2);
      expect_uni_moe(route(*router, context), out, "", layer, context.valid_T);
    }
  }
}

TEST(PublishedRouters, DcmoeCapacityByLogit) {
  for (const char* folder : {"dcmoe", "unimoe2"}) {
    CONCLAVE_NEED_DATA(std::string("parity/") + folder + "/expected.safetensors");
    const auto out = parity(folder), in = parity(folder, "inputs.safetensors");
    const Tensor limits = in.tensor("block.probs.capacity_factor_min_capacity");
    TokenContext context;
    context.valid_T = in.tensor("block.mask").flatten().to(at::kBool);
    const auto router =
        router_for(uni_moe(Json::object(), limits[0].item<double>(), limits[1].item<int64_t>()),
                   out.tensor("block.probs.router_logits.0"), 1, 2);
    const Routing r = route(*router, context);
    EXPECT_GT(r.dropped_E.sum().item<float>(), 0);
    expect_uni_moe(r, out, "block.probs.", "0", context.valid_T);
  }
}

// The noisy pass draws for groups of tokens that take the same number of experts, group after group.
TEST(PublishedRouters, UniMoe2NoisyRounds) {
  CONCLAVE_NEED_DATA("parity/unimoe2/expected.safetensors");
  const auto out = parity("unimoe2"), in = parity("unimoe2", "inputs.safetensors");
  const double jitter = in.tensor("noise.router_jitter_noise").item<double>();
  const Tensor logits_TN = out.tensor("noise.router_logits.0"), count_T = out.tensor("noise.dynamic_top_k.0");
  RouteState state = testing::scored(logits_TN.narrow(1, 0, 5));
  state.shared_US = logits_TN.narrow(1, 5, 2);
  state.routing.expert_TK = at::full({22, 5}, -1, at::kInt);
  state.routing.weight_TK = at::zeros({22, 5});
  int draw = 0;
  for (int64_t count = 1; count <= 5; ++count) {
    const Tensor rows = (count_T == count).nonzero().squeeze(1);
    if (rows.numel() == 0) continue;
    const Tensor logits = state.routing.logits_TE.index_select(0, rows);
    Tensor choice = logits.clone();
    for (int64_t slot = 0; slot < count; ++slot, ++draw) {
      const MixerPick pick =
          mixer_round(logits, choice, jitter, in.tensor("noise.gumbel." + std::to_string(draw)),
                      in.tensor("noise.uniform." + std::to_string(draw)));
      state.routing.expert_TK.select(1, slot).index_copy_(0, rows, pick.expert_U.to(at::kInt));
      state.routing.weight_TK.select(1, slot).index_copy_(0, rows, pick.weight_U);
      choice.scatter_(1, pick.expert_U.unsqueeze(1), -INFINITY);
    }
  }
  EXPECT_EQ(draw, 6);
  const Tensor valid_T = in.tensor("block.mask").flatten().to(at::kBool);
  state.routing.expert_TK.masked_fill_(valid_T.logical_not().unsqueeze(1), -1);
  for (const Json& stage :
       std::vector<Json>{"given", {{"kind", "normalise"}, {"epsilon", 1e-6}}, "shared_gate"})
    make_weigh(stage, "weigh", {})->run(state, {});
  expect_uni_moe(state.routing, out, "noise.", "0", valid_T);
}

}  // namespace
}  // namespace conclave
