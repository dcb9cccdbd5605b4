#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

Architecture qwen2() {
  return derive(llama(), "Qwen2", {"Qwen2ForCausalLM"},
                Json::parse(R"({"text": {"qkv_bias": true, "out_bias": false,
                  "window": {"$if": "$use_sliding_window=false", "then": "$sliding_window=0", "else": 0}}})"));
}

// Routed layers as both MoE generations choose them, and their balance loss.
Json qwen_moe() {
  return Json::parse(R"({
    "aux_loss": {"kind": "switch_balance", "share": "tokens", "pool_layers": true,
                 "weight": "$router_aux_loss_coef"},
    "text": {
      "moe_layers": {"$layers": {"count": "$num_hidden_layers", "every": "$decoder_sparse_step=1", "offset": 1,
                                 "except": "$mlp_only_layers=[]"}},
      "moe": {
        "experts": {"count": "$num_experts|num_local_experts", "hidden": "$moe_intermediate_size",
                    "activation": "$hidden_act"},
        "router": {"score": "linear", "select": {"kind": "top_k", "k": "$num_experts_per_tok"},
                   "weigh": {"$if": "$norm_topk_prob=false", "then": ["softmax", "normalise"],
                             "else": "softmax"}}
      }
    }
  })");
}

Architecture qwen2_moe() {
  auto made = derive(qwen2(), "Qwen2-MoE", {"Qwen2MoeForCausalLM"}, qwen_moe(), gated_expert_names());
  made.config.merge_patch(Json::parse(R"({"text": {"qkv_bias": "$qkv_bias=true", "moe": {"shared":
    {"hidden": "$shared_expert_intermediate_size", "gate": "sigmoid", "activation": "$hidden_act"}}}})"));
  const std::string layer = "model.layers.*.mlp.";
  made.names.push_back({layer + "shared.0.*.weight", layer + "shared_expert.*.weight"});
  made.names.push_back({layer + "shared_gate.weight", layer + "shared_expert_gate.weight"});
  return made;
}

Architecture qwen3() {
  return derive(qwen2(), "Qwen3", {"Qwen3ForCausalLM"}, Json::parse(R"({"text": {
    "qk_norm": "head", "qkv_bias": "$attention_bias=false", "out_bias": "$attention_bias=false"}})"));
}

Architecture qwen3_moe() {
  return derive(qwen3(), "Qwen3-MoE", {"Qwen3MoeForCausalLM"}, qwen_moe(), gated_expert_names());
}

}  // namespace

std::vector<Architecture> qwen_family() {
  return {qwen2(), qwen2_moe(), qwen3(), qwen3_moe()};
}

}  // namespace conclave
