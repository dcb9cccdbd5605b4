// Qwen3-Omni: a thinker that reads and writes, a talker that speaks, published as one folder.
#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// Qwen3-VL-MoE under other names. Sound and videos, whose positions count time, are not read.
Architecture qwen3_omni_thinker() {
  auto made = with_qwen3_pictures(
      qwen3_moe(), "Qwen3-Omni",
      {"Qwen3OmniMoeForConditionalGeneration", "Qwen3OmniMoeThinkerForConditionalGeneration"});
  made.config.merge_patch(Json::parse(R"({
    "pictures": {"video_token": -1, "video": null,
                 "refused": {"sound": "$audio_token_id=-1", "videos": "$video_token_id=-1"}},
    "text": {"moe": {"router": {"weigh": {"$if": "$norm_topk_prob=true", "then": ["softmax", "normalise"],
                                          "else": "softmax"}}}}
  })"));
  std::vector<NameRule> names;
  for (const auto& [ours, theirs] : {std::pair("visual.merger.", "visual.merger."),
                                     std::pair("visual.deepstack_merger_list.*.", "visual.merger_list.*.")}) {
    names.push_back({std::string(ours) + "norm.*", std::string(theirs) + "ln_q.*"});
    names.push_back({std::string(ours) + "fc1.*", std::string(theirs) + "mlp.0.*"});
    names.push_back({std::string(ours) + "fc2.*", std::string(theirs) + "mlp.2.*"});
  }
  made.names.insert(made.names.begin(), names.begin(), names.end());
  made.inner = "thinker_config.text_config";
  made.inner_wins = true;
  made.prefixes = {
      {"model.", "thinker.model."}, {"visual.", "thinker.visual."}, {"lm_head.", "thinker.lm_head."}};
  for (const char* part : {"thinker.audio_tower.**", "audio_tower.**", "talker.**", "code2wav.**"})
    made.unread.push_back(part);
  made.parts = {"Qwen3OmniMoeTalkerForConditionalGeneration"};
  return made;
}

// Every layer routed, with a shared expert; its head and embedding are the codec's first book.
Architecture qwen3_omni_talker() {
  Json config = Json::parse(R"({
    "kind": "talker",
    "positions": "counted",
    "blind": "nothing",
    "text": {
      "ffn": null,
      "moe_layers": "all",
      "rope": {"sections": "$rope_scaling.mrope_section|rope_parameters.mrope_section", "interleaved": true},
      "moe": {
        "shared": {"hidden": "$shared_expert_intermediate_size", "gate": "sigmoid", "activation": "$hidden_act"}
      }
    },
    "thinker": {
      "width": "$thinker_hidden_size", "hidden": "$intermediate_size", "activation": "$hidden_act",
      "image_token": "$image_token_id=-1", "video_token": "$video_token_id=-1",
      "audio_token": "$audio_token_id=-1", "merge": "$spatial_merge_size=2"
    },
    "predictor": {
      "groups": "$num_code_groups",
      "vocabulary": "$code_predictor_config.vocab_size",
      "text": {
        "width": "$code_predictor_config.hidden_size", "layers": "$code_predictor_config.num_hidden_layers",
        "heads": "$code_predictor_config.num_attention_heads",
        "kv_heads": "$code_predictor_config.num_key_value_heads=null",
        "head_dim": "$code_predictor_config.head_dim=null", "eps": "$code_predictor_config.rms_norm_eps",
        "qk_norm": "head", "qkv_bias": "$code_predictor_config.attention_bias=false",
        "out_bias": "$code_predictor_config.attention_bias=false",
        "rope": {"theta": "$code_predictor_config.rope_theta|code_predictor_config.rope_parameters.rope_theta=10000"},
        "ffn": {"hidden": "$code_predictor_config.intermediate_size",
                "activation": "$code_predictor_config.hidden_act"}
      }
    }
  })");
  const std::string layer = "model.layers.*.mlp.";
  auto made = derive(qwen3_moe(), "Qwen3-Omni talker", {"Qwen3OmniMoeTalkerForConditionalGeneration"}, config,
                     {{"model.embed_tokens.weight", "model.codec_embedding.weight"},
                      {"lm_head.weight", "codec_head.weight"},
                      {layer + "shared.0.*.weight", layer + "shared_expert.*.weight"},
                      {layer + "shared_gate.weight", layer + "shared_expert_gate.weight"}});
  made.inner = "talker_config.text_config";
  made.inner_wins = true;
  for (const std::string part :
       {"model.", "codec_head.", "code_predictor.", "text_projection.", "hidden_projection."})
    made.prefixes.push_back({part, "talker." + part});
  made.unread.push_back("thinker.**");
  made.unread.push_back("code2wav.**");
  return made;
}

}  // namespace

std::vector<Architecture> qwen_omni_family() {
  return {qwen3_omni_thinker(), qwen3_omni_talker()};
}

}  // namespace conclave
