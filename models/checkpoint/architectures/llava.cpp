// Models that splice pictures into the text, as LLaVA does.
#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// A CLIP or SigLIP tower of transformers, whose configuration lies beside ours as vision_config.json. The
// output is taken before the last layer.
Json spliced_pictures(bool clip) {
  Json config = Json::parse(R"({
    "kind": "spliced",
    "patch": "$vision_config.patch_size",
    "tower": {
      "patch": {"$product": ["$vision_config.num_channels=3", "$vision_config.patch_size",
                             "$vision_config.patch_size"]},
      "positions": {"$product": [{"$quotient": ["$vision_config.image_size", "$vision_config.patch_size"]},
                                 {"$quotient": ["$vision_config.image_size", "$vision_config.patch_size"]}]},
      "stack": {
        "width": "$vision_config.hidden_size",
        "layers": {"$difference": ["$vision_config.num_hidden_layers", 1]},
        "heads": "$vision_config.num_attention_heads", "norm": "layer_norm",
        "eps": "$vision_config.layer_norm_eps=1e-5", "qkv_bias": true, "out_bias": true, "last_norm": false,
        "rope": false,
        "ffn": {"kind": "plain_ffn", "activation": "$vision_config.hidden_act=\"quick_gelu\"",
                "hidden": "$vision_config.intermediate_size"}
      }
    }
  })");
  if (!clip) return config;
  config["drop_class"] = true;
  Json& tower = config["tower"];
  tower["bias"] = false;
  tower["class_token"] = tower["pre_norm"] = true;
  tower["eps"] = "$vision_config.layer_norm_eps=1e-5";
  tower["positions"] = {{"$difference", {tower["positions"], -1}}};
  return config;
}

std::vector<NameRule> tower_names(const std::string& theirs) {
  const std::string layers = theirs + "encoder.layers.*.";
  return {
      {"vision.patch_embed.*", theirs + "embeddings.patch_embedding.*"},
      {"vision.position", theirs + "embeddings.position_embedding.weight"},
      {"vision.class_embedding", theirs + "embeddings.class_embedding"},
      {"vision.pre_norm.*", theirs + "pre_layrnorm.*"},
      {"vision.layers.*.input_layernorm.*", layers + "layer_norm1.*"},
      {"vision.layers.*.post_attention_layernorm.*", layers + "layer_norm2.*"},
      {"vision.layers.*.self_attn.o_proj.*", layers + "self_attn.out_proj.*"},
      {"vision.layers.*.*.*.*", layers + "*.*.*"},
  };
}

// MoIIE's Phi-3 with routed odd layers (arXiv 2508.09779).
Architecture bunny(std::string name, std::string architecture, const Json& more) {
  Json config = Json::parse(R"({
    "text": {
      "moe_layers": "odd",
      "moe": {
        "experts": {"count": "$num_experts", "hidden": "$intermediate_size", "activation": "$hidden_act"},
        "router": {"score": "linear", "select": {"kind": "top_k", "k": "$num_experts_per_tok"},
                   "weigh": "softmax_selected"}
      },
      "window": {"$difference": ["$sliding_window=-1", -1]}
    }
  })");
  config["pictures"] = spliced_pictures(false);
  config["pictures"]["pad"] = "$tokenizer_padding_side=\"right\"";
  config["pictures"]["scales"] =
      Json::parse(R"({"$if": "$use_s2=false", "then": "$s2_scales", "else": "$none=null"})");
  config.merge_patch(more);
  const std::string layer = "model.layers.*.mlp.";
  std::vector<NameRule> names = {
      {layer + "router.score.weight", layer + "gate.weight"},
      {layer + "router.score.text.weight", layer + "gate.weight"},
      {layer + "router.score.vision.weight", layer + "gate_vis.weight"},
      {layer + "experts.w1 + " + layer + "experts.w3", layer + "experts.%.gate_up_proj.weight"},
      {layer + "experts.w2", layer + "experts.%.down_proj.weight"},
      {"projector.*.*", "model.mm_projector.*.*"},
  };
  const std::string tower = "model.vision_tower.vision_tower.vision_model.";
  for (auto& rule : tower_names(tower)) names.push_back(std::move(rule));
  auto made = derive(phi3(), std::move(name), {std::move(architecture)}, config, names);
  made.unread.push_back(tower + "**");
  made.only = Json::parse(R"({"mm_projector_type": ["mlp2x_gelu"]})");
  return made;
}

// One router for pictures and one for words; each reaches its own expert and the shared ones.
Architecture moiie() {
  return bunny("MoIIE", "BunnyMMSPhi3MoEForCausalLM", Json::parse(R"({
    "aux_loss": [
      {"name": "aux_loss_vis", "kind": "modality_balance", "share": "tokens", "pool_layers": true,
       "modalities": {"vision": 1}, "weight": "$vis_router_aux_loss_coef"},
      {"name": "aux_loss_lan", "kind": "modality_balance", "share": "tokens", "pool_layers": true,
       "modalities": {"text": 1}, "weight": "$lan_router_aux_loss_coef"}],
    "routers": {"vis": {"modality": 1, "first": 0}, "lan": {"modality": 0, "first": 1}},
    "pictures": {"last_is_text": true},
    "text": {"moe": {"router": {
      "score": {"kind": "per_modality", "scores": {
        "text": {"kind": "linear", "first": 1, "count": {"$difference": ["$num_experts", 1]}},
        "vision": {"kind": "linear", "first": 0, "count": {"$difference": ["$num_experts", 1]}}}},
      "mask": {"kind": "modality_pool", "private": {"vision": 1, "text": 1}}
    }}}
  })"));
}

Architecture phi3_moe() {
  return bunny("MoIIE's Phi-3 MoE", "BunnyPhi3MoEForCausalLM", Json::parse(R"({
    "aux_loss": {"kind": "switch_balance", "share": "tokens", "pool_layers": true, "weight": "$router_aux_loss_coef"}
  })"));
}

Architecture phi2() {
  auto made = derive(llama(), "Phi-2", {"PhiForCausalLM"}, Json::parse(R"({
    "head_bias": true,
    "text": {
      "norm": "layer_norm", "eps": "$layer_norm_eps", "qkv_bias": true, "out_bias": true, "parallel": true,
      "rope": {"dim": {"$product": ["$partial_rotary_factor=0.5",
                                    {"$quotient": ["$hidden_size", "$num_attention_heads"]}]}},
      "ffn": {"kind": "plain_ffn", "bias": null}
    }
  })"),
                     {{"model.layers.*.self_attn.o_proj.*", "model.layers.*.self_attn.dense.*"},
                      {"model.norm.*", "model.final_layernorm.*"}});
  made.only = Json::parse(R"({"qk_layernorm": [false]})");
  return made;
}

// DeepSpeed's top-2 with a capacity (arXiv 2401.15947). Its Gumbel noise on the second choice is left out.
Architecture moe_llava_phi2() {
  Json config = Json::parse(R"({
    "head_bias": false,
    "padding": "counted",
    "aux_loss": {"name": "moe_loss", "kind": "switch_balance", "share": "first", "over_layers": "sum",
                 "weight": "$moe.router_aux_loss_coef", "reported": "weighted"},
    "text": {
      "moe_layers": "$moe.moe_layers_idx",
      "moe": {
        "experts": {"kind": "ffn", "count": "$moe.num_experts.0", "hidden": "$intermediate_size",
                    "activation": "$hidden_act", "bias": true},
        "router": {
          "score": "linear",
          "select": [{"kind": "top_k", "k": "$moe.top_k_experts"},
                     {"kind": "capacity", "factor": "$moe.capacity_factor",
                      "eval_factor": "$moe.eval_capacity_factor", "minimum": "$moe.min_capacity=0",
                      "order": "position"}],
          "weigh": ["softmax", "normalise"]
        }
      }
    }
  })");
  config["pictures"] = spliced_pictures(true);
  config["pictures"]["pad"] = "$tokenizer_padding_side=\"right\"";
  const std::string layer = "model.layers.*.mlp.", moe = layer + "deepspeed_moe.",
                    expert = moe + "experts.deepspeed_experts.%.";
  std::vector<NameRule> names = {
      {layer + "router.score.weight", moe + "gate.wg.weight"},
      {layer + "experts.w1", expert + "fc1.weight"},
      {layer + "experts.b1", expert + "fc1.bias"},
      {layer + "experts.w2", expert + "fc2.weight"},
      {layer + "experts.b2", expert + "fc2.bias"},
      {"projector.*.*", "model.mm_projector.image_spatial_proj.*.*"},
  };
  const std::string tower = "model.image_tower.image_tower.vision_model.";
  for (auto& rule : tower_names(tower)) names.push_back(std::move(rule));
  auto made = derive(phi2(), "MoE-LLaVA (Phi-2)", {"MoELLaVAPhiForCausalLM"}, config, names);
  made.unread.push_back(tower + "**");
  made.only = Json::parse(R"({"qk_layernorm": [false], "image_projector_type": ["mlp2x_gelu"],
                              "mm_vision_select_layer": [-2], "mm_vision_select_feature": ["patch"]})");
  return made;
}

// LLaVA-1.5 as converted for transformers. Its config leaves out what is Vicuna's.
Architecture llava_15() {
  Json config = Json::parse(R"({
    "vocabulary": "$text_config.vocab_size=32000",
    "tied": "$text_config.tie_word_embeddings=false",
    "positions": "padded",
    "text": {
      "width": "$text_config.hidden_size=4096",
      "layers": "$text_config.num_hidden_layers=32",
      "heads": "$text_config.num_attention_heads=32",
      "kv_heads": "$text_config.num_key_value_heads=null",
      "eps": "$text_config.rms_norm_eps=1e-6",
      "rope": {"theta": "$text_config.rope_theta|text_config.rope_parameters.rope_theta=10000",
               "scaling": "$text_config.rope_scaling|text_config.rope_parameters=null",
               "longest": "$text_config.max_position_embeddings=4096"},
      "ffn": {"hidden": "$text_config.intermediate_size=11008",
              "activation": "$text_config.hidden_act=\"silu\""}
    }
  })");
  config["pictures"] = spliced_pictures(true);
  config["pictures"]["placeholder"] = "$image_token_index|image_token_id=32000";
  config["pictures"]["pad"] = "left";
  config["pictures"]["tower"]["stack"]["layers"] =
      Json::parse(R"({"$difference": ["$vision_config.num_hidden_layers", 1]})");
  std::vector<NameRule> names = {{"projector.0.*", "multi_modal_projector.linear_1.*"},
                                 {"projector.2.*", "multi_modal_projector.linear_2.*"}};
  // Newer files leave a level out.
  for (const std::string tower : {"vision_tower.vision_model.", "vision_tower."})
    for (auto& rule : tower_names(tower)) names.push_back(std::move(rule));
  auto made = derive(llama(), "LLaVA-1.5", {"LlavaForConditionalGeneration"}, config, names);
  made.prefixes = {{"model.", "language_model.model."}, {"lm_head.", "language_model.lm_head."}};
  made.unread.push_back("vision_tower.**");
  made.only = Json::parse(R"({"vision_feature_layer": [-2], "vision_feature_select_strategy": ["default"],
                              "projector_hidden_act": ["gelu"]})");
  return made;
}

// LoRA experts on the feed-forward parts, plain LoRA on attention, one file with Vicuna and CLIP
// (arXiv 2401.16160). Every expert by its probability, or the best one as it is. The recorded balance is the
// difference of two losses divided by a small weight, too coarse to be compared; its gradients are.
Architecture llava_mole() {
  Json config = Json::parse(R"({
    "first_token": "$bos_token_id=1",
    "conversation": {"user": "$mole_args.user_token_ids=[]", "assistant": "$mole_args.asst_token_ids=[]"},
    "aux_loss": {"kind": "sequence_balance", "share": "first", "pool_layers": true,
                 "weight": {"$ratio": ["$mole_args.moe_balance_w", "$mole_args.llm_moe_num_experts"]}},
    "lora": {"$case": "$mole_args.use_lora", "of": {"true": {
      "on": {"$split": "$mole_args.lora_modules"}, "rank": "$mole_args.lora_rank",
      "alpha": "$mole_args.lora_alpha"}}},
    "text": {
      "moe": {"$case": "$mole_args.llm_moe", "of": {"true": {
        "experts": {"kind": "lora_ffn", "count": "$mole_args.llm_moe_num_experts",
                    "hidden": "$intermediate_size", "activation": "$hidden_act", "mix": "projections",
                    "rank": "$mole_args.lora_rank", "alpha": "$mole_args.lora_alpha"},
        "router": {"score": {"kind": "linear", "bias": true},
                   "select": {"kind": "top_k", "k": {"$if": "$mole_args.dense_moe",
                              "then": "$mole_args.llm_moe_num_experts", "else": 1}},
                   "weigh": {"$if": "$mole_args.dense_moe", "then": "softmax", "else": "one"}}
      }}}
    }
  })");
  config["text"]["ffn"] = nullptr;
  config["pictures"] = spliced_pictures(true);
  config["pictures"]["placeholder"] = "$mole_args.image_token=99999";
  config["pictures"]["framed"] = true;
  config["pictures"]["tower"]["stack"]["layers"] =
      "$vision_config.num_hidden_layers";  // the last one's output
  const std::string layer = "model.layers.*.mlp.", attention = "model.layers.*.self_attn.*.";
  std::vector<NameRule> names = {
      {layer + "router.score.*", layer + "router.*"},
      {layer + "experts.base.*.weight", layer + "original_module.*.weight"},
      {attention + "adapter.*", attention + "*.default.weight"},
      {attention + "weight", attention + "base_layer.weight"},
      {"projector.*.*", "in_adaptor.projector.*.*"},
      {"picture_start", "in_adaptor.visual_start_token"},
      {"picture_end", "in_adaptor.visual_end_token"},
  };
  for (const std::string projection : {"gate", "up", "down"})
    names.push_back({layer + "experts." + projection + "_proj.*", layer + "moe_" + projection + ".%.*"});
  const std::string tower = "vit.vision_tower.vision_model.", whole = "llm_model.base_model.model.";
  for (auto& rule : tower_names(tower)) names.push_back(std::move(rule));
  auto made = derive(llama(), "LLaVA-MoLE", {"LlamaForCausalLM"}, config, names);
  made.beside = "mole_args";
  made.prefixes = {{"model.", whole + "model."}, {"lm_head.", whole + "lm_head."}};
  made.unread.push_back(tower + "**");
  return made;
}

}  // namespace

std::vector<Architecture> llava_family() {
  return {phi2(), moiie(), phi3_moe(), moe_llava_phi2(), llava_15(), llava_mole()};
}

}  // namespace conclave
