#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

Architecture deepseek_v2() {
  const Json config = Json::parse(R"({
    "text": {
      "attention": "latent", "kv_heads": null, "head_dim": null, "qkv_bias": null, "out_bias": null,
      "latent": {"q_rank": "$q_lora_rank=0", "kv_rank": "$kv_lora_rank", "nope": "$qk_nope_head_dim",
                 "rope": "$qk_rope_head_dim", "value": "$v_head_dim", "bias": "$attention_bias=false"},
      "rope": {"pairs": true},
      "moe_layers": {"$layers": {"count": "$num_hidden_layers", "from": "$first_k_dense_replace=0",
                                 "every": "$moe_layer_freq=1"}},
      "moe": {
        "experts": {"count": "$n_routed_experts", "hidden": "$moe_intermediate_size",
                    "activation": "$hidden_act"},
        "shared": {"hidden": {"$product": ["$n_shared_experts", "$moe_intermediate_size"]},
                   "activation": "$hidden_act"},
        "router": {
          "score": "linear",
          "select": {"$case": "$topk_method=\"greedy\"", "of": {
            "greedy": [{"kind": "top_k", "k": "$num_experts_per_tok"}],
            "group_limited_greedy": [{"kind": "group_limited", "groups": "$n_group", "keep": "$topk_group"},
                                     {"kind": "top_k", "k": "$num_experts_per_tok"}]}},
          "weigh": ["softmax", {"kind": "scale", "by": "$routed_scaling_factor=1.0"}]}
      }
    }
  })");
  auto names = gated_expert_names();
  const std::string layer = "model.layers.*.mlp.";
  names.push_back({layer + "shared.0.*.weight", layer + "shared_experts.*.weight"});
  auto made = derive(llama(), "DeepSeek-V2", {"DeepseekV2ForCausalLM"}, config, names);
  made.more_layers = true;
  made.only = Json::parse(R"({"scoring_func": ["softmax"]})");
  return made;
}

Architecture deepseek_v3() {
  const Json config = Json::parse(R"({
    "text": {
      "rope": {"pairs": "$rope_interleave=true"},
      "moe": {"router": {
        "select": ["choose_by", "bias_corrected",
                   {"kind": "group_limited", "groups": "$n_group", "keep": "$topk_group", "score": "top2_sum"},
                   {"kind": "top_k", "k": "$num_experts_per_tok"}],
        "weigh": {"$if": "$norm_topk_prob=true",
                  "then": ["sigmoid", "normalise", {"kind": "scale", "by": "$routed_scaling_factor=1.0"}],
                  "else": ["sigmoid", {"kind": "scale", "by": "$routed_scaling_factor=1.0"}]}
      }}
    }
  })");
  auto made = derive(
      deepseek_v2(), "DeepSeek-V3", {"DeepseekV3ForCausalLM"}, config,
      {{"model.layers.*.mlp.router.select.1.bias", "model.layers.*.mlp.gate.e_score_correction_bias"}});
  made.only = Json::parse(R"({"scoring_func": ["sigmoid"], "topk_method": ["noaux_tc"]})");
  return made;
}

}  // namespace

std::vector<Architecture> deepseek_family() {
  return {deepseek_v2(), deepseek_v3()};
}

}  // namespace conclave
