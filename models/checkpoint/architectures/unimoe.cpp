#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// Three codes were published under one class: every layer routed, every second one, or as moe_type says. The
// configuration does not tell them apart, the tensors do.
Architecture uni_moe_1() {
  Json config = Json::parse(R"({
    "positions": "padded",
    "padding": "counted",
    "aux_loss": {"$if": "$aux_balance_loss=false", "then": {
      "kind": "switch_balance", "share": "first", "over_layers": "sum", "weight": "$aux_balance_loss_coef",
      "reported": "weighted"}, "else": "$none=null"},
    "text": {
      "rope": {"theta": "$rope_theta=10000"},
      "moe_layers": {"$having": "model.layers.*.mlp.gate.weight"},
      "moe": {
        "experts": {"count": "$num_experts", "hidden": "$intermediate_size", "activation": "$hidden_act"},
        "router": {"score": "linear", "select": {"kind": "top_k", "k": "$num_experts_per_tok"},
                   "weigh": "softmax_selected"}
      }
    }
  })");
  return derive(llama(), "Uni-MoE 1", {"LlavaLlamaForCausalLM"}, config, gated_expert_names());
}

// Uni-MoE 2 and DCMoE on Qwen2-VL's decoder: as many experts as the mass top_p needs, null experts among
// them, shared ones in the same softmax.
Json dynamic_experts() {
  return Json::parse(R"({
    "positions": "counted",
    "padding": "left out",
    "aux_loss": {"kind": "switch_balance", "share": "tokens", "probability": "chosen", "importance": true,
                 "weight": "$l_aux_weight"},
    "text": {
      "qkv_bias": true, "out_bias": false,
      "window": {"$if": "$use_sliding_window=false", "then": "$sliding_window=0", "else": 0},
      "rope": {"sections": "$rope_scaling.mrope_section"},
      "ffn": null,
      "moe": {
        "experts": {"count": "$mlp_dynamic_expert_num", "hidden": "$dynamic_intermediate_size",
                    "activation": "$hidden_act"},
        "nulls": "$mlp_dynamic_null_expert_num=0",
        "shared": {"count": "$mlp_fixed_expert_num", "hidden": "$shared_intermediate_size",
                   "activation": "$hidden_act", "gate": "router"},
        "router": {
          "score": "linear",
          "select": [
            {"$if": "$mlp_dynamic_top_p",
             "then": {"kind": "sparse_mixer", "p": "$mlp_dynamic_top_p", "jitter": "$router_jitter_noise"},
             "else": {"kind": "sparse_mixer", "k": "$mlp_dynamic_top_k", "jitter": "$router_jitter_noise"}},
            {"$if": "$token_drop=false",
             "then": {"kind": "capacity", "factor": "$capacity_factor", "eval_factor": "$capacity_factor",
                      "minimum": "$min_capacity", "per_slot": false,
                      "order": {"$case": "$drop_policy=\"probs\"", "of": {"probs": "logit"}}},
             "else": {"kind": "capacity", "factor": 0}}],
          "weigh": ["given", {"kind": "normalise", "epsilon": 1e-6}, "shared_gate"]
        }
      }
    }
  })");
}

std::vector<NameRule> dynamic_expert_names() {
  const std::string layer = "model.layers.*.mlp.",
                    expert = layer + "dynamic_real_moe.deepspeed_moe.experts.deepspeed_experts.%.";
  return {
      {layer + "router.score.weight", layer + "gate.weight"},
      {layer + "experts.w1", expert + "gate_proj.weight"},
      {layer + "experts.w3", expert + "up_proj.weight"},
      {layer + "experts.w2", expert + "down_proj.weight"},
      {layer + "shared.*.*.weight", layer + "fixed_real_moe.*.*.weight"},
  };
}

Architecture uni_moe_2() {
  return derive(llama(), "Uni-MoE 2", {"GrinQwen2VLForConditionalGeneration"}, dynamic_experts(),
                dynamic_expert_names());
}

Architecture dc_moe() {
  Json config = dynamic_experts();
  config["generate"] = "recomputed";  // tokens of a pass compete for places with the experts
  const auto text = derive(llama(), "", {}, config, dynamic_expert_names());
  return with_qwen2_pictures(text, "DCMoE", {"UniMoEV2Qwen2VLForConditionalGeneration"});
}

// The language model of UniMoE-Audio; its vision tower is left out. Files may call it "language_model".
Architecture uni_moe_audio() {
  Json config = dynamic_experts();
  config.merge_patch(Json::parse(R"({
    "kind": "audio_lm",
    "codec": {"channels": "$codec_channels", "vocabulary": "$codec_vocab_size",
              "placeholder": "$codec_placeholder_value", "delay": "$codec_delay_pattern",
              "bos": "$codec_bos_value", "eos": "$codec_eos_value", "pad": "$codec_pad_value"}
  })"));
  auto made = derive(llama(), "UniMoE-Audio", {"UniAudioRVQQwen2_5VLMoEForConditionalGeneration"}, config,
                     dynamic_expert_names());
  made.inner = "text_config";
  made.inner_wins = true;
  made.prefixes = {{"model.", "language_model."}};
  made.unread.push_back("visual.**");
  return made;
}

}  // namespace

std::vector<Architecture> unimoe_family() {
  return {uni_moe_1(), uni_moe_2(), dc_moe(), uni_moe_audio()};
}

}  // namespace conclave
