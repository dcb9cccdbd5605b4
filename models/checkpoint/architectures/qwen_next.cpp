#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// Three layers in four keep a matrix in place of all keys; the fourth attends to all, and gates what it read.
// Norms are stored around zero. Drafting layers ("mtp") stay unread.
Architecture qwen3_next() {
  const Json config = Json::parse(R"({
    "text": {
      "norm": "zero_centred_rms_norm",
      "output_gate": true,
      "window": 0,
      "rope": {"dim": {"$product": ["$head_dim=256",
                                    "$rope_parameters.partial_rotary_factor|partial_rotary_factor=0.25"]}},
      "delta": {"key_heads": "$linear_num_key_heads", "value_heads": "$linear_num_value_heads",
                "key_dim": "$linear_key_head_dim", "value_dim": "$linear_value_head_dim",
                "kernel": "$linear_conv_kernel_dim=4", "by_key_heads": true},
      "delta_layers": {"$if": "$layer_types=null",
        "then": {"$places": "$layer_types", "of": "linear_attention"},
        "else": {"$layers": {"count": "$num_hidden_layers", "except": {"$layers": {
          "count": "$num_hidden_layers", "every": "$full_attention_interval=4", "offset": 1}}}}},
      "moe": {
        "shared": {"hidden": "$shared_expert_intermediate_size", "gate": "sigmoid", "activation": "$hidden_act"},
        "router": {"weigh": {"$if": "$norm_topk_prob=true", "then": ["softmax", "normalise"],
                             "else": "softmax"}}
      }
    }
  })");
  const std::string layer = "model.layers.*.mlp.";
  auto made = derive(qwen3_moe(), "Qwen3-Next", {"Qwen3NextForCausalLM"}, config,
                     {{layer + "shared.0.*.weight", layer + "shared_expert.*.weight"},
                      {layer + "shared_gate.weight", layer + "shared_expert_gate.weight"}});
  made.unread.push_back("mtp.**");
  return made;
}

// The same with the projections of the delta nets apart, every layer routed and no dense one.
Architecture qwen35_moe() {
  return derive(qwen3_next(), "Qwen3.5-MoE", {"Qwen3_5MoeForCausalLM"}, Json::parse(R"({"text": {
    "ffn": null,
    "delta": {"by_key_heads": false},
    "moe_layers": "all",
    "moe": {"router": {"weigh": "softmax_selected"}}
  }})"));
}

}  // namespace

std::vector<Architecture> qwen_next_family() {
  return {
      qwen3_next(), qwen35_moe(),
      with_qwen3_pictures(qwen35_moe(), "Qwen3.5-MoE with pictures", {"Qwen3_5MoeForConditionalGeneration"})};
}

}  // namespace conclave
