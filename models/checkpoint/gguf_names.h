/// What .gguf files call the tensors, keys and architectures of published folders; read and written by it.
#pragma once

namespace conclave {

/// Names in the file and as published, of a layer without its number; % counts over the experts of a fused
/// tensor.
struct GgufName {
  const char* ours;
  const char* published;
};
inline constexpr GgufName kGgufOutside[] = {{"token_embd.weight", "model.embed_tokens.weight"},
                                            {"output_norm.weight", "model.norm.weight"},
                                            {"output.weight", "lm_head.weight"}};
inline constexpr GgufName kGgufInLayer[] = {
    {"attn_norm.weight", "input_layernorm.weight"},
    {"ffn_norm.weight", "post_attention_layernorm.weight"},
    {"attn_q.weight", "self_attn.q_proj.weight"},
    {"attn_k.weight", "self_attn.k_proj.weight"},
    {"attn_v.weight", "self_attn.v_proj.weight"},
    {"attn_output.weight", "self_attn.o_proj.weight"},
    {"attn_q.bias", "self_attn.q_proj.bias"},
    {"attn_k.bias", "self_attn.k_proj.bias"},
    {"attn_v.bias", "self_attn.v_proj.bias"},
    {"attn_q_norm.weight", "self_attn.q_norm.weight"},
    {"attn_k_norm.weight", "self_attn.k_norm.weight"},
    {"ffn_gate.weight", "mlp.gate_proj.weight"},
    {"ffn_up.weight", "mlp.up_proj.weight"},
    {"ffn_down.weight", "mlp.down_proj.weight"},
    {"ffn_gate_inp.weight", "mlp.gate.weight"},
    {"ffn_gate_exps.weight", "mlp.experts.%.gate_proj.weight"},
    {"ffn_up_exps.weight", "mlp.experts.%.up_proj.weight"},
    {"ffn_down_exps.weight", "mlp.experts.%.down_proj.weight"},
    {"ffn_gate_shexp.weight", "mlp.shared_expert.gate_proj.weight"},
    {"ffn_up_shexp.weight", "mlp.shared_expert.up_proj.weight"},
    {"ffn_down_shexp.weight", "mlp.shared_expert.down_proj.weight"},
    {"ffn_gate_inp_shexp.weight", "mlp.shared_expert_gate.weight"},
};

/// Keys of config.json and those of the file behind the architecture's name.
struct GgufKey {
  const char* published;
  const char* ours;
};
inline constexpr GgufKey kGgufKeys[] = {
    {"hidden_size", "embedding_length"},
    {"num_hidden_layers", "block_count"},
    {"max_position_embeddings", "context_length"},
    {"intermediate_size", "feed_forward_length"},
    {"num_attention_heads", "attention.head_count"},
    {"num_key_value_heads", "attention.head_count_kv"},
    {"head_dim", "attention.key_length"},
    {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
    {"rope_theta", "rope.freq_base"},
    {"num_experts", "expert_count"},
    {"num_experts_per_tok", "expert_used_count"},
    {"moe_intermediate_size", "expert_feed_forward_length"},
    {"shared_expert_intermediate_size", "expert_shared_feed_forward_length"},
    {"clip_qkv", "attention.clamp_kqv"},
    {"sliding_window", "attention.sliding_window"},
};

/// What the architecture's name says beside the keys.
struct GgufArchitecture {
  const char* name;
  const char* published;
  bool normalised;  ///< the weights of the chosen experts sum to 1
  bool paired;      ///< rows of q and k lie so that neighbours turn together
};
inline constexpr GgufArchitecture kGgufArchitectures[] = {
    {"llama", "LlamaForCausalLM", true, true},   {"olmoe", "OlmoeForCausalLM", false, false},
    {"qwen2", "Qwen2ForCausalLM", false, false}, {"qwen2moe", "Qwen2MoeForCausalLM", false, false},
    {"qwen3", "Qwen3ForCausalLM", false, false}, {"qwen3moe", "Qwen3MoeForCausalLM", true, false},
};

}  // namespace conclave
