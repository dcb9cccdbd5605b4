#include "models/checkpoint/random_model.h"

#include <bit>

#include "framework/base/file.h"
#include "framework/base/random.h"
#include "framework/base/safetensors_header.h"
#include "framework/base/signals.h"

namespace conclave {
namespace {

constexpr double kDeviation = 0.02;
constexpr int64_t kPiece = int64_t{1} << 20;  // weights written at once

using Shape = std::vector<int64_t>;

uint16_t bfloat16_bits(float value) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
}

std::vector<std::pair<std::string, Shape>> tensors_of(const RandomModelShape& s) {
  const int64_t head = s.width / s.heads;
  std::vector<std::pair<std::string, Shape>> list = {{"model.embed_tokens.weight", {s.vocabulary, s.width}}};
  for (int64_t i = 0; i < s.layers; ++i) {
    const auto put = [&](const std::string& name, Shape shape) {
      list.emplace_back(fmt::format("model.layers.{}.{}.weight", i, name), std::move(shape));
    };
    put("input_layernorm", {s.width});
    put("post_attention_layernorm", {s.width});
    put("self_attn.q_proj", {s.width, s.width});
    put("self_attn.k_proj", {s.kv_heads * head, s.width});
    put("self_attn.v_proj", {s.kv_heads * head, s.width});
    put("self_attn.o_proj", {s.width, s.width});
    put("self_attn.q_norm", {head});
    put("self_attn.k_norm", {head});
    put("mlp.gate", {s.experts, s.width});
    for (int64_t e = 0; e < s.experts; ++e) {
      put(fmt::format("mlp.experts.{}.gate_proj", e), {s.expert_width, s.width});
      put(fmt::format("mlp.experts.{}.up_proj", e), {s.expert_width, s.width});
      put(fmt::format("mlp.experts.{}.down_proj", e), {s.width, s.expert_width});
    }
  }
  list.emplace_back("model.norm.weight", Shape{s.width});
  list.emplace_back("lm_head.weight", Shape{s.vocabulary, s.width});
  return list;
}

int64_t count_of(const Shape& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

// The sixteen bits of a draw as one of the uniform values.
std::vector<uint16_t> uniform_values() {
  std::vector<uint16_t> values(1 << 16);
  const double half = kDeviation * std::sqrt(3.0);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = bfloat16_bits(static_cast<float>(half * ((static_cast<double>(i) + 0.5) / 32768 - 1)));
  return values;
}

void write_weights(AtomicFile& file, const std::string& name, int64_t count, uint64_t seed) {
  static const std::vector<uint16_t> uniform = uniform_values();
  const uint64_t stream = fnv1a(name);
  std::vector<uint16_t> piece;
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    throw_if_interrupted();
    piece.resize(static_cast<size_t>((std::min(kPiece, count - begin) + 7) / 8 * 8));
    for (size_t i = 0; i < piece.size(); i += 8) {
      const auto block = (static_cast<uint64_t>(begin) + i) / 8;
      const auto drawn = philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                                     static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
                                    {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
      for (size_t j = 0; j < 4; ++j) {
        piece[i + 2 * j] = uniform[drawn[j] & 0xffff];
        piece[i + 2 * j + 1] = uniform[drawn[j] >> 16];
      }
    }
    const auto values = static_cast<size_t>(std::min(kPiece, count - begin));
    file.write({reinterpret_cast<const char*>(piece.data()), 2 * values});
  }
}

}  // namespace

Json RandomModelShape::config() const {
  return {{"architectures", {"Qwen3MoeForCausalLM"}},
          {"model_type", "qwen3_moe"},
          {"attention_bias", false},
          {"bos_token_id", 1},
          {"decoder_sparse_step", 1},
          {"eos_token_id", 2},
          {"head_dim", width / heads},
          {"hidden_act", "silu"},
          {"hidden_size", width},
          {"intermediate_size", expert_width},
          {"max_position_embeddings", context},
          {"mlp_only_layers", Json::array()},
          {"moe_intermediate_size", expert_width},
          {"norm_topk_prob", true},
          {"num_attention_heads", heads},
          {"num_experts", experts},
          {"num_experts_per_tok", experts_per_token},
          {"num_hidden_layers", layers},
          {"num_key_value_heads", kv_heads},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 10000.0},
          {"router_aux_loss_coef", 0.001},
          {"tie_word_embeddings", false},
          {"torch_dtype", "bfloat16"},
          {"use_sliding_window", false},
          {"vocab_size", vocabulary}};
}

void write_random_model(const std::filesystem::path& folder, const RandomModelShape& shape, uint64_t seed) {
  const auto tensors = tensors_of(shape);
  std::vector<SafetensorsEntry> entries;
  uint64_t place = 0;
  for (const auto& [name, sizes] : tensors) {
    const auto bytes = static_cast<uint64_t>(2 * count_of(sizes));
    entries.push_back({name, "BF16", sizes, place, place + bytes});
    place += bytes;
  }
  std::filesystem::create_directories(folder);
  AtomicFile file(folder / "model.safetensors");
  file.write(format_safetensors_header(entries, {{"format", "pt"}}));
  for (const auto& [name, sizes] : tensors) {
    if (sizes.size() == 2) {
      write_weights(file, name, count_of(sizes), seed);
    } else {
      const std::vector<uint16_t> ones(static_cast<size_t>(sizes[0]), bfloat16_bits(1));
      file.write({reinterpret_cast<const char*>(ones.data()), 2 * ones.size()});
    }
  }
  file.commit();
  write_file(folder / "config.json", shape.config().dump(2));
}

}  // namespace conclave
