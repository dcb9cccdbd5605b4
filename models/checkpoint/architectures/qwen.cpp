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

}  // namespace

Architecture qwen3_moe() {
  return derive(qwen3(), "Qwen3-MoE", {"Qwen3MoeForCausalLM"}, qwen_moe(), gated_expert_names());
}

namespace {

// Names of the vision tower; `one` and `two` are the layers of its feed-forward parts.
std::vector<NameRule> vision_names(const std::string& one, const std::string& two) {
  const std::string ours = "visual.layers.*.", theirs = "visual.blocks.*.";
  return {
      {"visual.patch_embed.*", "visual.patch_embed.proj.*"},
      {ours + "input_layernorm.*", theirs + "norm1.*"},
      {ours + "post_attention_layernorm.*", theirs + "norm2.*"},
      {ours + "self_attn.q_proj.* + " + ours + "self_attn.k_proj.* + " + ours + "self_attn.v_proj.*",
       theirs + "attn.qkv.*"},
      {ours + "self_attn.o_proj.*", theirs + "attn.proj.*"},
      {ours + "mlp.fc1.*", theirs + "mlp." + one + ".*"},
      {ours + "mlp.fc2.*", theirs + "mlp." + two + ".*"},
  };
}

}  // namespace

Architecture with_qwen2_pictures(Architecture text, std::string name, std::vector<std::string> classes) {
  const Json config = Json::parse(R"({
    "positions": "counted",
    "blind": "even_fused",
    "text": {"rope": {"sections": "$rope_scaling.mrope_section|rope_parameters.mrope_section"}},
    "pictures": {
      "kind": "qwen",
      "image_token": "$image_token_id",
      "video_token": "$video_token_id=-1",
      "merge": "$vision_config.spatial_merge_size",
      "tower": {
        "patch": {"$product": ["$vision_config.in_channels|vision_config.in_chans=3",
                               "$vision_config.temporal_patch_size", "$vision_config.patch_size",
                               "$vision_config.patch_size"]},
        "bias": false,
        "stack": {
          "width": "$vision_config.embed_dim", "layers": "$vision_config.depth",
          "heads": "$vision_config.num_heads", "norm": "layer_norm", "eps": 1e-6, "qkv_bias": true,
          "out_bias": true, "last_norm": false, "rope": {"grid": true},
          "ffn": {"kind": "plain_ffn", "activation": "$vision_config.hidden_act",
                  "hidden": {"$product": ["$vision_config.mlp_ratio", "$vision_config.embed_dim"]}}
        }
      }
    }
  })");
  auto names = vision_names("fc1", "fc2");
  names.push_back({"visual.merger.norm.*", "visual.merger.ln_q.*"});
  names.push_back({"visual.merger.fc1.*", "visual.merger.mlp.0.*"});
  names.push_back({"visual.merger.fc2.*", "visual.merger.mlp.2.*"});
  auto made = derive(text, std::move(name), std::move(classes), config, names);
  made.inner = "text_config";
  return made;
}

namespace {

// Qwen2-VL with a tower like the text's layers, most of which look into windows. Positions of videos count
// seconds.
Architecture qwen25_vl() {
  auto made = with_qwen2_pictures(qwen2(), "Qwen2.5-VL", {"Qwen2_5_VLForConditionalGeneration"});
  made.config.merge_patch(Json::parse(R"({"pictures": {
    "video": {"positions": "$vision_config.tokens_per_second=4"},
    "merger_norm": "rms_norm",
    "windows": {"side": {"$quotient": [{"$quotient": ["$vision_config.window_size",
                                                      "$vision_config.spatial_merge_size"]},
                                       "$vision_config.patch_size"]},
                "full": "$vision_config.fullatt_block_indexes"},
    "tower": {"stack": {
      "width": "$vision_config.hidden_size", "norm": "rms_norm",
      "ffn": {"kind": "gated_ffn", "bias": true, "hidden": "$vision_config.intermediate_size"}}}
  }})"));
  made.names.insert(made.names.begin(), {"visual.layers.*.mlp.*.*", "visual.blocks.*.mlp.*.*"});
  return made;
}

}  // namespace

Architecture with_qwen3_pictures(const Architecture& text, std::string name,
                                 std::vector<std::string> classes) {
  const Json config = Json::parse(R"({
    "positions": "counted",
    "blind": "nothing",
    "text": {
      "rope": {"sections": "$rope_scaling.mrope_section|rope_parameters.mrope_section", "interleaved": true},
      "moe": {"router": {"weigh": "softmax_selected"}}
    },
    "pictures": {
      "kind": "qwen",
      "image_token": "$image_token_id",
      "video_token": "$video_token_id=-1",
      "video": {"apart": true},
      "merge": "$vision_config.spatial_merge_size",
      "deepstack": "$vision_config.deepstack_visual_indexes=[]",
      "tower": {
        "patch": {"$product": ["$vision_config.in_channels=3", "$vision_config.temporal_patch_size",
                               "$vision_config.patch_size", "$vision_config.patch_size"]},
        "positions": "$vision_config.num_position_embeddings",
        "stack": {
          "width": "$vision_config.hidden_size", "layers": "$vision_config.depth",
          "heads": "$vision_config.num_heads", "norm": "layer_norm", "eps": 1e-6, "qkv_bias": true,
          "out_bias": true, "last_norm": false, "rope": {"grid": true},
          "ffn": {"kind": "plain_ffn", "activation": "$vision_config.hidden_act",
                  "hidden": "$vision_config.intermediate_size"}
        }
      }
    }
  })");
  auto names = vision_names("linear_fc1", "linear_fc2");
  names.push_back({"visual.position", "visual.pos_embed.weight"});
  for (const std::string merger : {"visual.merger.", "visual.deepstack_merger_list.*."}) {
    names.push_back({merger + "fc1.*", merger + "linear_fc1.*"});
    names.push_back({merger + "fc2.*", merger + "linear_fc2.*"});
  }
  auto made = derive(text, std::move(name), std::move(classes), config, names);
  made.inner = "text_config";
  made.prefixes = {{"model.", "model.language_model."}, {"visual.", "model.visual."}};
  return made;
}

namespace {

// Both variants of EchoVLM (arXiv 2509.14977): Qwen2-VL with a dense path beside routed experts in every
// layer.
Architecture echo_vlm(std::string name, std::string architecture, const Json& experts) {
  Json config = Json::parse(R"({"text": {"ffn": null, "moe": {
    "dense": {"hidden": "$intermediate_size", "activation": "$hidden_act"},
    "router": {"score": "linear", "select": {"kind": "top_k", "k": "$num_experts_per_tok"},
               "weigh": {"$if": "$norm_topk_prob=false", "then": ["softmax", "normalise"], "else": "softmax"}}
  }}})");
  config.merge_patch(experts);
  const std::string ours = "model.layers.*.mlp.", theirs = "model.layers.*.moe.";
  std::vector<NameRule> names = {
      {ours + "router.score.weight", theirs + "gate.weight"},
      {ours + "shared.0.*.weight", theirs + "shared_expert.*.weight"},
      {ours + "shared_gate.weight", theirs + "shared_expert_gate.weight"},
      {ours + "dense.*.weight", "model.layers.*.mlp.*.weight"},
      {ours + "path_gate.*", "model.layers.*.coefficient.*"},
  };
  // Alone, or the first part of a mixed bank.
  for (const std::string bank : {"experts.", "experts.parts.0."}) {
    names.push_back({ours + bank + "w1", theirs + "experts.%.gate_proj.weight"});
    names.push_back({ours + bank + "w3", theirs + "experts.%.up_proj.weight"});
    names.push_back({ours + bank + "w2", theirs + "experts.%.down_proj.weight"});
  }
  return derive(with_qwen2_pictures(qwen2(), "", {}), std::move(name), {std::move(architecture)}, config,
                names);
}

// The published classes set the numbers of experts themselves, whatever config.json says.
Architecture echo_vlm_paper() {
  return echo_vlm("EchoVLM", "Qwen2VLMOEForConditionalGeneration", Json::parse(R"({"text": {"moe": {
    "experts": {"count": 4, "hidden": "$moe_intermediate_size", "activation": "$hidden_act"},
    "shared": {"hidden": "$shared_expert_intermediate_size", "activation": "$hidden_act", "gate": "sigmoid"}
  }}})"));
}

// Eleven experts, of which some hand their input on and some give nothing.
Architecture echo_vlm_ultrasound() {
  return echo_vlm("EchoVLM (identity and zero experts)", "UltrasoundMOEForConditionalGeneration",
                  Json::parse(R"({
    "aux_loss": {"kind": "switch_balance", "share": "tokens", "pool_layers": true, "weight": 0.001},
    "text": {"moe": {
      "nulls": "$drop_experts_num=0",
      "experts": {
        "kind": "mixed", "count": {"$difference": [11, "$drop_experts_num=0"]},
        "parts": [
          {"kind": "gated_ffn", "hidden": "$moe_intermediate_size", "activation": "$hidden_act",
           "count": {"$difference": [11, "$drop_experts_num=0", "$residual_experts_num=0"]}},
          {"kind": "identity", "count": "$residual_experts_num=0"}]}
    }},
    "pictures": {"selector": true}
  })"));
}

}  // namespace

const Architecture& qwen2_text() {
  static const Architecture architecture = qwen2();
  return architecture;
}

std::vector<Architecture> qwen_family() {
  return {qwen2(),
          qwen2_moe(),
          qwen3(),
          qwen3_moe(),
          with_qwen2_pictures(qwen2(), "Qwen2-VL", {"Qwen2VLForConditionalGeneration"}),
          qwen25_vl(),
          with_qwen3_pictures(qwen3_moe(), "Qwen3-VL-MoE", {"Qwen3VLMoeForConditionalGeneration"}),
          echo_vlm_paper(),
          echo_vlm_ultrasound()};
}

}  // namespace conclave
