/// The tables of architectures, one function for each family of models.
#pragma once

#include "models/checkpoint/architecture.h"

namespace conclave {

/// Llama, Mixtral, OLMoE, Phi-3: what shares Llama's layout.
std::vector<Architecture> llama_family();
/// Qwen2, Qwen2-MoE, Qwen3-MoE.
std::vector<Architecture> qwen_family();
/// Qwen3-Next, Qwen3.5-MoE (with pictures or without): gated delta nets between layers of full attention.
std::vector<Architecture> qwen_next_family();
/// Qwen3-Omni: thinker and talker.
std::vector<Architecture> qwen_omni_family();
/// ERNIE 4.5 VL.
std::vector<Architecture> ernie_family();
/// Uni-MoE 1 and 2, DCMoE.
std::vector<Architecture> unimoe_family();
/// Phi-2, MoE-LLaVA, MoIIE.
std::vector<Architecture> llava_family();
/// DeepSeekMoE, DeepSeek-V2, V3.
std::vector<Architecture> deepseek_family();

/// Codecs.
std::vector<Architecture> audio_family();
/// NLLB-MoE, MusicGen.
std::vector<Architecture> seq2seq_family();
/// EnCodec, which MusicGen holds.
Architecture encodec();

/// The plain decoder that the others are derived from.
const Architecture& llama();

/// Phi-3's: q, k, v and gate, up in one tensor each.
const Architecture& phi3();

/// Qwen2's decoder.
const Architecture& qwen2_text();

/// Qwen3's decoder with routed layers.
Architecture qwen3_moe();

/// `text` with Qwen2-VL's vision tower and positions.
Architecture with_qwen2_pictures(Architecture text, std::string name, std::vector<std::string> classes);

/// `text`, whose routers weigh by the chosen experts' softmax, with the tower and interleaved positions of
/// Qwen3-VL; DeepStack where the configuration names layers for it.
Architecture with_qwen3_pictures(const Architecture& text, std::string name,
                                 std::vector<std::string> classes);

/// Names of a softmax router and gated experts under "mlp", one tensor for each expert or fused.
std::vector<NameRule> gated_expert_names();

}  // namespace conclave
