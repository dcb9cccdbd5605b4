#include "models/checkpoint/architectures/families.h"

namespace conclave {

const Architecture& llama() {
  static const Architecture architecture{
      .name = "Llama",
      .classes = {"LlamaForCausalLM", "MistralForCausalLM"},
      .config = Json::parse(R"({
        "kind": "causal_lm",
        "vocabulary": "$vocab_size",
        "tied": "$tie_word_embeddings=false",
        "positions": "padded",
        "padding": "routed",
        "blind": "even",
        "text": {
          "width": "$hidden_size",
          "layers": "$num_hidden_layers",
          "heads": "$num_attention_heads",
          "kv_heads": "$num_key_value_heads=null",
          "head_dim": "$head_dim=null",
          "eps": "$rms_norm_eps",
          "qkv_bias": "$attention_bias=false",
          "out_bias": "$attention_bias=false",
          "window": "$sliding_window=0",
          "rope": {"theta": "$rope_theta|rope_parameters.rope_theta=10000",
                   "scaling": "$rope_scaling|rope_parameters=null",
                   "longest": "$max_position_embeddings"},
          "ffn": {"hidden": "$intermediate_size", "activation": "$hidden_act", "bias": "$mlp_bias=false"}
        }
      })"),
      .unread = {"**.rotary_emb.inv_freq"},
  };
  return architecture;
}

std::vector<NameRule> gated_expert_names() {
  const std::string ours = "model.layers.*.mlp.experts.", theirs = "model.layers.*.mlp.experts.";
  return {
      {"model.layers.*.mlp.router.score.weight", "model.layers.*.mlp.gate.weight"},
      {ours + "w1", theirs + "%.gate_proj.weight"},
      {ours + "w3", theirs + "%.up_proj.weight"},
      {ours + "w2", theirs + "%.down_proj.weight"},
      {ours + "w1 + " + ours + "w3", theirs + "gate_up_proj"},
      {ours + "w2", theirs + "down_proj"},
  };
}

namespace {

// The balance loss of transformers' MoE classes: over all layers at once, shares that sum to k.
const char* const kPooledBalance =
    R"({"kind": "switch_balance", "share": "tokens", "pool_layers": true, "weight": "$router_aux_loss_coef"})";

Architecture mixtral() {
  Json config = Json::parse(R"({"text": {"ffn": null, "moe": {
    "experts": {"count": "$num_local_experts", "hidden": "$intermediate_size", "activation": "$hidden_act"},
    "router": {"score": "linear", "select": {"kind": "top_k", "k": "$num_experts_per_tok"},
               "weigh": "softmax_selected"}
  }}})");
  config["aux_loss"] = Json::parse(kPooledBalance);
  auto names = gated_expert_names();
  const std::string theirs = "model.layers.*.block_sparse_moe.";
  names.insert(names.begin(), {
                                  {"model.layers.*.mlp.router.score.weight", theirs + "gate.weight"},
                                  {"model.layers.*.mlp.experts.w1", theirs + "experts.%.w1.weight"},
                                  {"model.layers.*.mlp.experts.w3", theirs + "experts.%.w3.weight"},
                                  {"model.layers.*.mlp.experts.w2", theirs + "experts.%.w2.weight"},
                              });
  return derive(llama(), "Mixtral", {"MixtralForCausalLM"}, config, names);
}

Architecture olmoe() {
  Json config = Json::parse(R"({"text": {"qk_norm": "full", "clip": "$clip_qkv=0", "ffn": null, "moe": {
    "experts": {"count": "$num_experts|num_local_experts", "hidden": "$intermediate_size",
                "activation": "$hidden_act"},
    "router": {"score": "linear", "select": {"kind": "top_k", "k": "$num_experts_per_tok"},
               "weigh": {"$if": "$norm_topk_prob=false", "then": ["softmax", "normalise"], "else": "softmax"}}
  }}})");
  config["aux_loss"] = Json::parse(kPooledBalance);
  return derive(llama(), "OLMoE", {"OlmoeForCausalLM"}, config, gated_expert_names());
}

// Norms behind the branches, and over all heads' queries and keys at once.
Architecture olmo2() {
  const std::string layer = "model.layers.*.";
  return derive(llama(), "OLMo 2", {"Olmo2ForCausalLM"},
                Json::parse(R"({"post_norm": true, "text": {"qk_norm": "full"}})"),
                {{layer + "self_attn.post_norm.*", layer + "post_attention_layernorm.*"},
                 {layer + "mlp.post_norm.*", layer + "post_feedforward_layernorm.*"}});
}

}  // namespace

const Architecture& phi3() {
  const std::string attention = "model.layers.*.self_attn.", ffn = "model.layers.*.mlp.";
  static const Architecture architecture =
      derive(llama(), "Phi-3", {"Phi3ForCausalLM"},
             Json::parse(R"({"text": {"rope": {"dim": {"$product": ["$partial_rotary_factor=1",
                  {"$quotient": ["$hidden_size", "$num_attention_heads"]}]}}}})"),
             {{attention + "q_proj.weight + " + attention + "k_proj.weight + " + attention + "v_proj.weight",
               attention + "qkv_proj.weight"},
              {ffn + "gate_proj.weight + " + ffn + "up_proj.weight", ffn + "gate_up_proj.weight"}});
  return architecture;
}

std::vector<Architecture> llama_family() {
  auto meteora = derive(llama(), "MeteoRA", {"LlamaMeteorForCausalLM"}, Json::object());
  return {llama(), mixtral(), olmoe(), olmo2(), phi3(), std::move(meteora)};
}

}  // namespace conclave
