// Codecs.
#include "models/checkpoint/architectures/families.h"

namespace conclave {
namespace {

// Weight norm is stored under one of two names.
std::vector<NameRule> weight_norm_names() {
  return {{"**.weight_g", "**.parametrizations.weight.original0"},
          {"**.weight_v", "**.parametrizations.weight.original1"}};
}

// All published variants (16, 24 and 44.1 kHz, 8 and 16 kbps) differ in these arguments alone, which their
// files carry.
Architecture dac() {
  return {
      .name = "DAC",
      .classes = {"dac"},
      .told_by = "encoder_rates",
      .config = Json::parse(R"({
        "kind": "dac",
        "sample_rate": "$sample_rate=44100",
        "width": "$encoder_dim=64",
        "rates": "$encoder_rates",
        "latent": "$latent_dim=null",
        "decoder_width": "$decoder_dim=1536",
        "decoder_rates": "$decoder_rates",
        "books": "$n_codebooks=9",
        "book_size": "$codebook_size=1024",
        "book_width": "$codebook_dim=8"
      })"),
      .names = weight_norm_names(),
  };
}

// What EnCodec and Mimi call alike.
Json seanet() {
  return Json::parse(R"({
    "sample_rate": "$sampling_rate",
    "channels": "$audio_channels=1",
    "filters": "$num_filters",
    "width": "$hidden_size",
    "rates": "$upsampling_ratios",
    "kernel": "$kernel_size",
    "last_kernel": "$last_kernel_size",
    "residual_kernel": "$residual_kernel_size",
    "residuals": "$num_residual_layers",
    "dilation_growth": "$dilation_growth_rate",
    "compress": "$compress",
    "shortcut": "$use_conv_shortcut",
    "causal": "$use_causal_conv",
    "pad": "$pad_mode",
    "trim_right": "$trim_right_ratio",
    "book_size": "$codebook_size"
  })");
}

}  // namespace

Architecture encodec() {
  Architecture made{.name = "EnCodec", .classes = {"EncodecModel"}, .config = seanet()};
  made.config.merge_patch(Json::parse(R"({
    "kind": "encodec", "bandwidths": "$target_bandwidths", "lstm": "$num_lstm_layers", "weight_norm": true
  })"));
  made.only = Json::parse(R"({"normalize": [false], "norm_type": ["weight_norm"]})");
  made.names = weight_norm_names();
  made.unread = {"**.codebook.inited", "**.codebook.cluster_size", "**.codebook.embed_avg"};
  return made;
}

namespace {

Architecture mimi() {
  Architecture made{.name = "Mimi", .classes = {"MimiModel"}, .config = seanet()};
  made.config.merge_patch(Json::parse(R"({
    "kind": "mimi",
    "frame_rate": "$frame_rate|_frame_rate=12.5",
    "books": "$num_quantizers",
    "semantic_books": "$num_semantic_quantizers",
    "book_width": "$vector_quantization_hidden_dimension|codebook_dim",
    "upsample_groups": "$upsample_groups",
    "transformer": {
      "width": "$hidden_size", "layers": "$num_hidden_layers", "heads": "$num_attention_heads",
      "kv_heads": "$num_key_value_heads", "head_dim": "$head_dim=null", "norm": "layer_norm",
      "eps": "$norm_eps", "qkv_bias": "$attention_bias=false", "out_bias": "$attention_bias=false",
      "last_norm": false, "window": "$sliding_window=0",
      "rope": {"theta": "$rope_theta|rope_parameters.rope_theta=10000"},
      "ffn": {"kind": "plain_ffn", "hidden": "$intermediate_size", "activation": "$hidden_act", "bias": false}
    }
  })"));
  made.names = {{"*.layers.*.self_attn.layer_scale", "*.layers.*.self_attn_layer_scale.scale"},
                {"*.layers.*.mlp.layer_scale", "*.layers.*.mlp_layer_scale.scale"}};
  made.unread = {"**.codebook.initialized"};
  return made;
}

}  // namespace

std::vector<Architecture> audio_family() {
  return {dac(), encodec(), mimi()};
}

}  // namespace conclave
