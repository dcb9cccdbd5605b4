#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// DeepSeekMoE-16B (arXiv 2401.06066): Llama's attention, probabilities as they are, shared experts, a first
// dense layer. Its balance losses act in training alone and are not told.
Architecture deepseek_moe() {
  const Json config = Json::parse(R"({
    "text": {
      "moe_layers": {"$layers": {"count": "$num_hidden_layers", "from": "$first_k_dense_replace=0",
                                 "every": "$moe_layer_freq=1"}},
      "moe": {
        "experts": {"count": "$n_routed_experts", "hidden": "$moe_intermediate_size",
                    "activation": "$hidden_act"},
        "shared": {"$if": "$n_shared_experts=0", "then": {
          "hidden": {"$product": ["$n_shared_experts", "$moe_intermediate_size"]}, "activation": "$hidden_act"},
          "else": "$none=null"},
        "router": {"score": "linear", "select": {"kind": "top_k", "k": "$num_experts_per_tok"},
                   "weigh": {"$if": "$norm_topk_prob=false", "then": ["softmax", "normalise"], "else": "softmax"}}
      }
    }
  })");
  auto names = gated_expert_names();
  const std::string layer = "model.layers.*.mlp.";
  names.push_back({layer + "shared.0.*.weight", layer + "shared_experts.*.weight"});
  auto made = derive(llama(), "DeepSeekMoE", {"DeepseekForCausalLM"}, config, names);
  made.only = Json::parse(R"({"scoring_func": ["softmax"]})");
  return made;
}

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

// One class for three routers, and for plain attention beside the latent one.
Architecture deepseek_vl2() {
  const Json config = Json::parse(R"({
    "gradients": "past experts",
    "padding": "counted",
    "aux_loss": {"kind": {"$if": "$seq_aux=true", "then": "sequence_balance", "else": "switch_balance"},
                 "over_layers": "sum", "weight": "$aux_loss_alpha=0", "told": false},
    "text": {
      "attention": {"$if": "$use_mla=true", "then": "latent", "else": "heads"},
      "kv_heads": {"$if": "$use_mla=true", "then": "$none=null", "else": "$num_key_value_heads"},
      "latent": {"$if": "$use_mla=true", "then": {
        "q_rank": "$q_lora_rank=0", "kv_rank": "$kv_lora_rank", "nope": "$qk_nope_head_dim",
        "rope": "$qk_rope_head_dim", "value": "$v_head_dim", "bias": "$attention_bias=false"},
        "else": "$none=null"},
      "rope": {"pairs": "$use_mla=true"},
      "moe": {"router": {
        "select": {"$case": "$topk_method=\"greedy\"", "of": {
          "noaux_tc": ["choose_by", "bias_corrected",
            {"kind": "group_limited", "groups": "$n_group", "keep": "$topk_group", "score": "top2_sum",
             "outside": "zero"},
            {"kind": "top_k", "k": "$num_experts_per_tok", "ties": "library"}]}},
        "weigh": [
          {"$case": "$scoring_func=\"softmax\"", "of": {"softmax": "softmax", "sigmoid": "sigmoid"}},
          {"$if": "$norm_topk_prob=false", "then": "normalise", "else": {"kind": "scale", "by": 1}},
          {"kind": "scale", "by": "$routed_scaling_factor=1.0"}]
      }}
    },
    "pictures": {
      "kind": "tiles",
      "patch": "$vision_config.patch_size=14",
      "merge": "$projector_config.downsample_ratio=2",
      "depth": "$projector_config.depth=2",
      "whole": "$global_view_pos=\"head\"",
      "tower": {
        "patch": {"$product": [3, "$vision_config.patch_size=14", "$vision_config.patch_size=14"]},
        "positions": {"$product": [
          {"$quotient": ["$vision_config.image_size=384", "$vision_config.patch_size=14"]},
          {"$quotient": ["$vision_config.image_size=384", "$vision_config.patch_size=14"]}]},
        "stack": {
          "width": "$vision_config.width", "layers": "$vision_config.layers",
          "heads": "$vision_config.heads=16", "norm": "layer_norm", "eps": 1e-6, "qkv_bias": true,
          "out_bias": true, "rope": false,
          "ffn": {"kind": "plain_ffn", "activation": "gelu_tanh",
                  "hidden": {"$product": ["$vision_config.mlp_ratio", "$vision_config.width"]}}
        }
      }
    }
  })");
  const std::string ours = "vision.layers.*.", theirs = "vision.blocks.*.";
  auto made =
      derive(deepseek_v2(), "DeepSeek-VL2", {"DeepseekVLV2ForCausalLM"}, config,
             {{"model.layers.*.mlp.router.select.1.bias", "model.layers.*.mlp.gate.e_score_correction_bias"},
              {"vision.patch_embed.*", "vision.patch_embed.proj.*"},
              {"vision.position", "vision.pos_embed"},
              {ours + "input_layernorm.*", theirs + "norm1.*"},
              {ours + "post_attention_layernorm.*", theirs + "norm2.*"},
              {ours + "self_attn.q_proj.* + " + ours + "self_attn.k_proj.* + " + ours + "self_attn.v_proj.*",
               theirs + "attn.qkv.*"},
              {ours + "self_attn.o_proj.*", theirs + "attn.proj.*"},
              {ours + "mlp.*.*", theirs + "mlp.*.*"},
              {"view_separator", "view_seperator"}});
  made.inner = "language_config";
  made.prefixes = {{"model.", "language.model."}, {"lm_head.", "language.lm_head."}};
  made.unread.push_back("vision.attn_pool.**");
  made.only = Json::parse(R"({"tile_tag": ["2D"]})");
  return made;
}

}  // namespace

std::vector<Architecture> deepseek_family() {
  return {deepseek_moe(), deepseek_v2(), deepseek_v3(), deepseek_vl2()};
}

}  // namespace conclave
