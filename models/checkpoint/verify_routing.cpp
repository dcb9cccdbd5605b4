#include "models/checkpoint/verify_routing.h"

#include <ATen/ATen.h>

namespace conclave {

void check_modality_routers(Comparison& with, const Json& routers, const std::string& prefix,
                            const LayerRouting& routed, const Reading& reading) {
  if (!reading.modality_T.defined()) return;
  for (const auto& [tag, router] : routers.items()) {
    const auto name = prefix + "router." + std::to_string(routed.layer) + "." + tag + ".";
    if (!with.open(name + "logits")) continue;
    const int64_t first = router["first"];
    const Tensor mine_T = reading.modality_T == router["modality"].get<int64_t>();
    const Tensor valid_R = reading.valid_NL.defined() ? reading.valid_NL.reshape({-1}).index({mine_T})
                                                      : at::ones({mine_T.sum().item<int64_t>()}, at::kBool);
    const auto ours = [&](const Tensor& t) { return t.index({mine_T}).index({valid_R}); };
    const auto theirs = [&](const char* what) { return with.take(name + what).index({valid_R}); };
    const Tensor logits = theirs("logits");
    if (logits.size(0) == 0) continue;  // no such token here, and nothing else is recorded
    const Tensor experts = theirs("experts") + first, weights = theirs("weights");
    with.note(name + "logits", "router_logits",
              largest_difference(ours(routed.routing.logits_TE).narrow(1, first, logits.size(1)), logits),
              with.bounds().values);
    const Tensor chosen = ours(routed.routing.expert_TK);
    with.experts(name + "experts", chosen, experts, routed.experts,
                 at::constant_pad_nd(logits, {first, routed.experts - first - logits.size(1)}));
    with.note(name + "weights", "weights",
              largest_difference(by_expert(chosen, ours(routed.routing.weight_TK), routed.experts),
                                 by_expert(experts, weights, routed.experts)),
              with.bounds().values);
  }
}

void check_routing(Comparison& with, const std::string& prefix, const LayerRouting& routed,
                   const TokenRows& rows) {
  const auto layer = std::to_string(routed.layer);
  const Routing& ours = routed.routing;
  const auto name = [&](const char* first, const char* second) {
    return prefix.empty() ? first + ("." + layer) : prefix + "router." + layer + "." + second;
  };
  const auto theirs = [&](const std::string& recorded) { return rows.kept(with.take(recorded)); };
  const auto same = [&](const std::string& recorded, const char* group, const Tensor& a, const Tensor& b,
                        double bound) { with.note(recorded, group, largest_difference(a, b), bound); };
  const double bound = with.bounds().values;
  const int64_t pool = routed.experts;
  const Tensor expert_TK = rows.kept(ours.expert_TK);

  Tensor score_TE;
  if (const auto logits = name("router_logits", "logits"); with.open(logits)) {
    score_TE = theirs(logits).narrow(1, 0, pool);  // those of shared experts, behind, show in global_weight
    same(logits, "router_logits", rows.kept(ours.logits_TE), score_TE, bound);
  }
  if (const auto probabilities = name("router_probs", "probs"); with.open(probabilities))
    same(probabilities, "router_logits", rows.kept(ours.prob_TE), theirs(probabilities), bound);
  // One for the most probable expert, whatever is run.
  if (const auto choice = name("router_choice", "choice"); with.open(choice))
    same(choice, "weights",
         at::zeros_like(rows.kept(ours.prob_TE)).scatter(1, rows.kept(ours.prob_TE).argmax(1, true), 1),
         theirs(choice), bound);
  const auto experts = name("expert_ids", "experts");
  const auto their_experts = [&] {
    const auto slot = prefix + "router." + layer + ".slot";
    const Tensor asked = theirs(experts);
    return with.recorded(slot) ? asked.masked_fill(theirs(slot) < 0, -1) : asked;
  };
  if (with.open(experts)) {
    const Tensor found = their_experts();
    // Where all are run, some record the most probable one alone.
    with.experts(experts, found.size(1) == 1 ? expert_TK.narrow(1, 0, 1) : expert_TK, found, pool, score_TE);
  }
  if (const auto weights = name("combine_weights", "weights"); with.open(weights))
    same(weights, "weights", by_expert(expert_TK, rows.kept(ours.weight_TK), pool),
         by_expert(their_experts(), theirs(weights), pool), bound);
  if (ours.shared_TS.defined()) {
    const int64_t shared = ours.shared_TS.size(1);
    if (const auto global = "global_weight." + layer; prefix.empty() && with.open(global))
      same(global, "weights", rows.kept(ours.shared_TS), theirs(global).narrow(1, pool, shared), bound);
    const Tensor mask = at::cat(
        {by_expert(expert_TK, at::ones(expert_TK.sizes()), pool), at::ones({expert_TK.size(0), shared})}, 1);
    if (const auto chosen = "expert_mask." + layer; prefix.empty() && with.open(chosen))
      same(chosen, "weights", mask, theirs(chosen), 0);
    const Tensor before_TK = ours.chosen_TK.defined() ? rows.kept(ours.chosen_TK) : expert_TK;
    if (const auto counts = "dynamic_top_k." + layer; prefix.empty() && with.open(counts))
      same(counts, "weights", (before_TK >= 0).sum(1), theirs(counts), 0);
  }
  if (ours.path_TP.defined()) with.tokens(prefix + "coefficient." + layer, "weights", ours.path_TP, rows);
}

void check_adapter_routing(Comparison& with, const std::string& stem, const CaseOutputs& got,
                           const TokenRows& rows) {
  for (const auto& [name, routed] : got.adapters) {
    if (!name.starts_with(stem) || !with.open("gate_logits." + name)) continue;
    const auto theirs = [&](const std::string& what) { return rows.kept(with.take(what + name)); };
    with.note("gate_logits." + name, "router_logits",
              largest_difference(rows.kept(routed.routing.logits_TE), theirs("gate_logits.")),
              with.bounds().values);
    const Tensor ours = rows.kept(routed.routing.expert_TK), experts = theirs("expert_ids.");
    with.experts("expert_ids." + name, ours, experts, routed.experts);
    with.note("combine_weights." + name, "weights",
              largest_difference(by_expert(ours, rows.kept(routed.routing.weight_TK), routed.experts),
                                 by_expert(experts, theirs("combine_weights."), routed.experts)),
              with.bounds().values);
  }
}

}  // namespace conclave
