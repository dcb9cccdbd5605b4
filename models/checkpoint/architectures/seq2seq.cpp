// Encoders with decoders that look at them.
#include <algorithm>

#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// A table's config with all keys below `prefix`: "$a|b=1" becomes "$prefix.a|prefix.b=1".
Json below(const std::string& prefix, const Json& config) {
  if (config.is_object() || config.is_array()) {
    Json made = config;
    for (auto& item : made) item = below(prefix, item);
    return made;
  }
  if (!config.is_string()) return config;
  const auto text = config.get<std::string>();
  if (!text.starts_with('$')) return config;
  const size_t end = std::min(text.find('='), text.size());
  std::string moved = "$" + prefix;
  for (size_t i = 1; i < end; ++i) {
    moved += text[i];
    if (text[i] == '|') moved += prefix;
  }
  return moved + text.substr(end);
}

// An expert has places for a share of all tokens; our factor is one of the even share.
Architecture nllb_moe() {
  const Json moe = Json::parse(R"({
    "experts": {"kind": "ffn", "count": "$num_experts", "activation": "$activation_function", "bias": true},
    "router": {
      "score": {"kind": "linear", "bias": "$router_bias=false"},
      "select": [
        {"kind": "top_k", "k": 2},
        {"kind": "capacity", "factor": 0, "order": "position", "per_slot": false,
         "eval_factor": {"$if": "$moe_eval_capacity_token_fraction=1.0", "else": 1e-9,
                         "then": {"$times": ["$moe_eval_capacity_token_fraction=1.0", "$num_experts"]}},
         "minimum": {"$if": "$moe_eval_capacity_token_fraction=1.0", "then": 0, "else": "$expert_capacity=64"}}],
      "weigh": ["softmax", {"kind": "normalise", "epsilon": 1.1920929e-07},
                {"kind": "scale", "by": {"$difference": [1, "$moe_token_dropout=0.2"]}}]
    }
  })");
  Json config = Json::parse(R"({
    "kind": "translator",
    "vocabulary": "$vocab_size",
    "pad": "$pad_token_id=1",
    "start": "$decoder_start_token_id=2",
    "scale": "$scale_embedding=true",
    "encoder": {
      "width": "$d_model", "layers": "$encoder_layers", "heads": "$encoder_attention_heads",
      "norm": "layer_norm", "eps": 1e-5, "qkv_bias": true, "out_bias": true, "rope": false,
      "moe_layers": {"$if": "$encoder_sparse_step", "else": [],
                     "then": {"$layers": {"count": "$encoder_layers", "every": "$encoder_sparse_step",
                                          "offset": 1}}},
      "ffn": {"kind": "plain_ffn", "hidden": "$encoder_ffn_dim", "activation": "$activation_function"}
    },
    "decoder": {
      "width": "$d_model", "layers": "$decoder_layers", "heads": "$decoder_attention_heads",
      "moe_layers": {"$if": "$decoder_sparse_step", "else": [],
                     "then": {"$layers": {"count": "$decoder_layers", "every": "$decoder_sparse_step",
                                          "offset": 1}}},
      "ffn": {"kind": "plain_ffn", "hidden": "$decoder_ffn_dim", "activation": "$activation_function"}
    }
  })");
  for (const std::string side : {"encoder", "decoder"}) {
    config[side]["moe"] = moe;
    config[side]["moe"]["experts"]["hidden"] = "$" + side + "_ffn_dim";
  }
  Architecture made{.name = "NLLB-MoE", .classes = {"NllbMoeForConditionalGeneration"}, .config = config};
  made.only = Json::parse(R"({
    "second_expert_policy": ["all"], "batch_prioritized_routing": [false],
    "normalize_router_prob_before_dropping": [false], "router_ignore_padding_tokens": [false]
  })");
  const std::string layer = "model.*.layers.*.", expert = layer + "ffn.experts.expert_%.";
  made.names = {
      {"model.encoder.layers.*.input_layernorm.*", "model.encoder.layers.*.self_attn_layer_norm.*"},
      {"model.encoder.layers.*.post_attention_layernorm.*", "model.encoder.layers.*.ff_layer_norm.*"},
      {layer + "self_norm.*", layer + "self_attn_layer_norm.*"},
      {layer + "cross_norm.*", layer + "cross_attention_layer_norm.*"},
      {layer + "ffn_norm.*", layer + "ff_layer_norm.*"},
      {layer + "self_attn.o_proj.*", layer + "self_attn.out_proj.*"},
      {layer + "cross_attn.o_proj.*", layer + "cross_attention.out_proj.*"},
      {layer + "cross_attn.*.*", layer + "cross_attention.*.*"},
      {layer + "mlp.router.score.*", layer + "ffn.router.classifier.*"},
      {layer + "mlp.experts.w1", expert + "fc1.weight"},
      {layer + "mlp.experts.b1", expert + "fc1.bias"},
      {layer + "mlp.experts.w2", expert + "fc2.weight"},
      {layer + "mlp.experts.b2", expert + "fc2.bias"},
      {layer + "mlp.*.*", layer + "ffn.*.*"},
      {"model.*.norm.*", "model.*.layer_norm.*"},
  };
  // The same table under other names, in older files.
  made.unread = {"lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight",
                 "model.*.embed_positions.weights"};
  return made;
}

Architecture musicgen() {
  Json config = Json::parse(R"({
    "kind": "musicgen",
    "channels": "$decoder.num_codebooks",
    "vocabulary": "$decoder.vocab_size",
    "scale": "$decoder.scale_embedding=false",
    "text": {
      "vocabulary": "$text_encoder.vocab_size", "width": "$text_encoder.d_model",
      "layers": "$text_encoder.num_layers", "heads": "$text_encoder.num_heads",
      "head_dim": "$text_encoder.d_kv", "hidden": "$text_encoder.d_ff",
      "gated": "$text_encoder.is_gated_act=false", "activation": "$text_encoder.dense_act_fn=\"relu\"",
      "eps": "$text_encoder.layer_norm_epsilon", "buckets": "$text_encoder.relative_attention_num_buckets",
      "farthest": "$text_encoder.relative_attention_max_distance=128"
    },
    "decoder": {
      "width": "$decoder.hidden_size", "layers": "$decoder.num_hidden_layers",
      "heads": "$decoder.num_attention_heads", "bias": false,
      "ffn": {"kind": "plain_ffn", "hidden": "$decoder.ffn_dim", "activation": "$decoder.activation_function",
              "bias": false}
    }
  })");
  const Architecture codec = encodec();
  // The codec's settings lie one level down.
  config["codec"] = below("audio_encoder.", codec.config);
  Architecture made{.name = "MusicGen", .classes = {"MusicgenForConditionalGeneration"}, .config = config};
  const std::string text = "text_encoder.layers.*.", theirs = "text_encoder.encoder.block.*.layer.",
                    ours = "decoder.layers.*.", layer = "decoder.model.decoder.layers.*.";
  made.names = {
      {"text_encoder.relative_bias.weight",
       "text_encoder.encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"},
      {"text_encoder.norm.weight", "text_encoder.encoder.final_layer_norm.weight"},
      {text + "attention_norm.weight", theirs + "0.layer_norm.weight"},
      {text + "ffn_norm.weight", theirs + "1.layer_norm.weight"},
      {text + "ffn.fc1.weight", theirs + "1.DenseReluDense.wi.weight"},
      {text + "ffn.fc2.weight", theirs + "1.DenseReluDense.wo.weight"},
      {text + "ffn.gate_proj.weight", theirs + "1.DenseReluDense.wi_0.weight"},
      {text + "ffn.up_proj.weight", theirs + "1.DenseReluDense.wi_1.weight"},
      {text + "ffn.down_proj.weight", theirs + "1.DenseReluDense.wo.weight"},
      {text + "*.weight", theirs + "0.SelfAttention.*.weight"},
      {"lm_heads.*.weight", "decoder.lm_heads.*.weight"},
      {"embed_tokens.*.weight", "decoder.model.decoder.embed_tokens.*.weight"},
      {"decoder.norm.*", "decoder.model.decoder.layer_norm.*"},
      {ours + "self_norm.*", layer + "self_attn_layer_norm.*"},
      {ours + "cross_norm.*", layer + "encoder_attn_layer_norm.*"},
      {ours + "ffn_norm.*", layer + "final_layer_norm.*"},
      {ours + "self_attn.o_proj.*", layer + "self_attn.out_proj.*"},
      {ours + "cross_attn.o_proj.*", layer + "encoder_attn.out_proj.*"},
      {ours + "self_attn.*.*", layer + "self_attn.*.*"},
      {ours + "cross_attn.*.*", layer + "encoder_attn.*.*"},
      {ours + "mlp.*.*", layer + "*.*"},
  };
  made.names.insert(made.names.end(), codec.names.begin(), codec.names.end());
  made.unread = codec.unread;
  made.unread.insert(made.unread.end(), {"text_encoder.encoder.embed_tokens.weight",
                                         "decoder.model.decoder.embed_positions.weights"});
  return made;
}

}  // namespace

std::vector<Architecture> seq2seq_family() {
  return {nllb_moe(), musicgen()};
}

}  // namespace conclave
