#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// Words and pictures have routers and experts of their own, wide ones for words; shared experts see both. The
// files count the experts of pictures behind those of words and keep routers as [in, out]. Videos are not
// read.
Architecture ernie_vl() {
  const Json config = Json::parse(R"({
    "tied": "$tie_word_embeddings=true",
    "routers": {"lan": {"modality": 0, "first": 0}, "vis": {"modality": 1, "first": "$moe_num_experts"}},
    "text": {
      "rope": {"theta": "$rope_theta|rope_parameters.rope_theta=500000", "pairs": true, "time_last": true,
               "sections": "$rope_parameters.mrope_section|rope_scaling.mrope_section=[22, 22, 20]"},
      "moe_layers": {"$if": "$mlp_layer_types=null",
        "then": {"$places": "$mlp_layer_types", "of": "sparse"},
        "else": {"$layers": {"count": "$num_hidden_layers", "from": 1}}},
      "moe": {
        "experts": {"kind": "mixed", "count": {"$product": [2, "$moe_num_experts"]}, "parts": [
          {"kind": "gated_ffn", "count": "$moe_num_experts", "hidden": "$moe_intermediate_size.0",
           "activation": "$hidden_act"},
          {"kind": "gated_ffn", "count": "$moe_num_experts", "hidden": "$moe_intermediate_size.1",
           "activation": "$hidden_act"}]},
        "shared": {"hidden": {"$product": ["$moe_num_shared_experts", "$moe_intermediate_size.0"]},
                   "activation": "$hidden_act"},
        "router": {
          "score": {"kind": "per_modality", "scores": {
            "text": {"kind": "linear", "first": 0, "count": "$moe_num_experts"},
            "vision": {"kind": "linear", "first": "$moe_num_experts", "count": "$moe_num_experts"}}},
          "mask": {"kind": "modality_pool", "private": {"text": "$moe_num_experts", "vision": "$moe_num_experts"}},
          "select": [{"kind": "choose_by", "score": "softmax"}, "bias_corrected",
                     {"kind": "top_k", "k": "$moe_k"}],
          "weigh": ["softmax", {"kind": "normalise", "epsilon": "$moe_norm_min=1e-12"}]}
      }
    },
    "pictures": {
      "video_token": -1,
      "vision_tokens": ["$image_token_id", "$image_start_token_id", "$image_end_token_id", "$video_token_id",
                        "$video_start_token_id", "$video_end_token_id"],
      "resampler": {"eps": "$vision_config.rms_norm_eps=1e-6", "text_eps": "$rms_norm_eps"},
      "tower": {
        "patch": {"$product": ["$vision_config.in_channels=3", "$vision_config.patch_size",
                               "$vision_config.patch_size"]},
        "stack": {"width": "$vision_config.hidden_size", "eps": "$vision_config.rms_norm_eps=1e-6",
                  "last_norm": true, "ffn": {"hidden": "$vision_config.intermediate_size"}}
      }
    }
  })");
  const std::string ours = "model.layers.*.mlp.", words = ours + "experts.parts.0.",
                    pictures = ours + "experts.parts.1.", experts = ours + "experts.%.";
  std::vector<NameRule> names = {
      {ours + "router.score.text.weight", ours + "gate.weight", true},
      {ours + "router.score.vision.weight", ours + "gate.weight_1", true},
      {ours + "router.select.1.bias", ours + "moe_statics.e_score_correction_bias"},
      {ours + "shared.0.*.weight", ours + "shared_experts.*.weight"},
      {"visual.norm.*", "visual.ln.*"},
      {"resampler.mlp.*", "model.resampler_model.mlp.*"},
      {"resampler.norm.*", "model.resampler_model.after_norm.*"},
  };
  for (const auto& [one, theirs] : {std::pair("w1", "gate_proj"), {"w3", "up_proj"}, {"w2", "down_proj"}}) {
    names.push_back({words + one, experts + theirs + ".weight"});
    names.push_back({pictures + one, experts + theirs + ".weight", false, words + one});
  }
  for (const std::string part : {"spatial", "temporal"})
    for (const auto& [one, theirs] : {std::pair("fc1", "0"), {"fc2", "2"}, {"norm", "3"}})
      names.push_back({"resampler." + part + "." + one + ".*",
                       "model.resampler_model." + part + "_linear." + theirs + ".*"});
  auto made = derive(with_qwen2_pictures(llama(), "", {}), "ERNIE-4.5-VL-MoE",
                     {"Ernie4_5_VLMoeForConditionalGeneration"}, config, names);
  made.prefixes = {{"visual.", "model.vision_model."}};
  made.only = Json::parse(R"({"use_bias": [false]})");
  return made;
}

}  // namespace

std::vector<Architecture> ernie_family() {
  return {ernie_vl()};
}

}  // namespace conclave
