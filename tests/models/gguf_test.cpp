// GGUF files, written here byte by byte: the values of every type, whole models, and files that are wrong.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "framework/base/error.h"
#include "framework/base/gguf_header.h"
#include "framework/tensor/gguf_values.h"
#include "models/checkpoint/gguf.h"
#include "models/checkpoint/verify.h"
#include "models/parity_folders.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using ::testing::HasSubstr;

/// A file in the making, independent of the reader.
class GgufFile {
 public:
  template <class T>
  static std::string bytes(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }
  static std::string text(const std::string& value) { return bytes<uint64_t>(value.size()) + value; }

  void pair(const std::string& key, uint32_t type, const std::string& value) {
    pairs_ += text(key) + bytes(type) + value;
    ++pair_count_;
  }
  void number(const std::string& key, uint32_t value) { pair(key, 4, bytes(value)); }
  void number(const std::string& key, float value) { pair(key, 6, bytes(value)); }
  void word(const std::string& key, const std::string& value) { pair(key, 8, text(value)); }
  void tensor(const std::string& name, const std::vector<int64_t>& shape, uint32_t type,
              const std::string& data) {
    data_.resize((data_.size() + 31) / 32 * 32);
    tensors_ += text(name) + bytes(static_cast<uint32_t>(shape.size()));
    for (auto size = shape.rbegin(); size != shape.rend(); ++size) tensors_ += bytes<uint64_t>(*size);
    tensors_ += bytes(type) + bytes<uint64_t>(data_.size());
    data_ += data;
    ++tensor_count_;
  }
  std::string whole(uint32_t version = 3) const {
    std::string file =
        "GGUF" + bytes(version) + bytes(tensor_count_) + bytes(pair_count_) + pairs_ + tensors_;
    file.resize((file.size() + 31) / 32 * 32);
    return file + data_;
  }

 private:
  std::string pairs_, tensors_, data_;
  uint64_t pair_count_ = 0, tensor_count_ = 0;
};

std::string data_of(const at::Tensor& t) {
  const at::Tensor whole = t.contiguous();
  return {static_cast<const char*>(whole.const_data_ptr()), whole.nbytes()};
}

TEST(GgufValues, AreThoseOfTheFormatsOwnPackage) {
  const auto recorded =
      testing::tensors_of(fs::path(CONCLAVE_SOURCE_DIR) / "tests/models/data/gguf_blocks.safetensors");
  for (const auto& [name, type] : {std::pair("Q8_0", 8U), {"Q4_0", 2U}, {"Q4_K", 12U}, {"Q6_K", 14U}}) {
    const at::Tensor blocks = recorded.at(std::string(name) + ".blocks"),
                     want = recorded.at(std::string(name) + ".values");
    at::Tensor values = at::empty_like(want);
    gguf_values(type, static_cast<const std::byte*>(blocks.const_data_ptr()), want.numel(),
                values.mutable_data_ptr<float>());
    EXPECT_TRUE(at::allclose(values, want, 1e-6, 1e-7)) << name << (values - want).abs().max();
  }
}

TEST(GgufValues, PlainTypes) {
  const at::Tensor want = at::tensor({1.5F, -2.0F, 0.0F, 3.25F});
  for (const auto& [type, dtype] : {std::pair(0U, at::kFloat), {1U, at::kHalf}, {30U, at::kBFloat16}}) {
    const std::string data = data_of(want.to(dtype));
    at::Tensor values = at::empty({4});
    gguf_values(type, reinterpret_cast<const std::byte*>(data.data()), 4, values.mutable_data_ptr<float>());
    EXPECT_TRUE(at::equal(values, want)) << type;
  }
}

// What stands for a published tensor of `architecture` in such a file.
std::string name_in_gguf(std::string name) {
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"model.embed_tokens.weight", "token_embd.weight"},
                                                        {"model.norm.weight", "output_norm.weight"},
                                                        {"lm_head.weight", "output.weight"},
                                                        {"model.layers.", "blk."},
                                                        {"input_layernorm", "attn_norm"},
                                                        {"post_attention_layernorm", "ffn_norm"},
                                                        {"self_attn.q_proj", "attn_q"},
                                                        {"self_attn.k_proj", "attn_k"},
                                                        {"self_attn.v_proj", "attn_v"},
                                                        {"self_attn.o_proj", "attn_output"},
                                                        {"self_attn.q_norm", "attn_q_norm"},
                                                        {"self_attn.k_norm", "attn_k_norm"},
                                                        {"mlp.gate.", "ffn_gate_inp."},
                                                        {"block_sparse_moe.gate.", "ffn_gate_inp."},
                                                        {"mlp.shared_expert_gate.", "ffn_gate_inp_shexp."},
                                                        {"mlp.shared_expert.gate_proj", "ffn_gate_shexp"},
                                                        {"mlp.shared_expert.up_proj", "ffn_up_shexp"},
                                                        {"mlp.shared_expert.down_proj", "ffn_down_shexp"},
                                                        {"mlp.gate_proj", "ffn_gate"},
                                                        {"mlp.up_proj", "ffn_up"},
                                                        {"mlp.down_proj", "ffn_down"}}) {
    const size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  }
  return name;
}

// Neighbouring rows of a head, as the format has them for llama's rotary positions.
at::Tensor paired(const at::Tensor& w, int64_t heads) {
  const int64_t rows = w.size(0);
  return w.reshape({heads, 2, rows / heads / 2, -1}).transpose(1, 2).reshape(w.sizes());
}

// The recorded folder `from` as .gguf files of `architecture` in `to`, with the matrices in `type`.
void write_gguf(const fs::path& from, const fs::path& to, const std::string& architecture, uint32_t type,
                size_t parts = 1) {
  const Json config = read_json(from / "config.json");
  std::vector<GgufFile> files(parts);
  GgufFile& file = files.front();
  for (size_t i = 0; i < parts && parts > 1; ++i) {
    files[i].pair("split.no", 2, GgufFile::bytes(static_cast<uint16_t>(i)));
    files[i].pair("split.count", 2, GgufFile::bytes(static_cast<uint16_t>(parts)));
  }
  size_t next = 0;
  file.word("general.architecture", architecture);
  const auto key = [&](const char* published, const char* ours, bool real = false) {
    if (!config.contains(published) || config[published].is_null()) return;
    const std::string name = architecture + "." + ours;
    if (real)
      file.number(name, config[published].get<float>());
    else
      file.number(name, config[published].get<uint32_t>());
  };
  key("hidden_size", "embedding_length");
  key("num_hidden_layers", "block_count");
  key("max_position_embeddings", "context_length");
  key("intermediate_size", "feed_forward_length");
  key("num_attention_heads", "attention.head_count");
  key("num_key_value_heads", "attention.head_count_kv");
  key("head_dim", "attention.key_length");
  key("rms_norm_eps", "attention.layer_norm_rms_epsilon", true);
  key("rope_theta", "rope.freq_base", true);
  key(config.contains("num_local_experts") ? "num_local_experts" : "num_experts", "expert_count");
  key("num_experts_per_tok", "expert_used_count");
  key("moe_intermediate_size", "expert_feed_forward_length");
  key("shared_expert_intermediate_size", "expert_shared_feed_forward_length");
  // A vocabulary is passed over.
  file.pair("tokenizer.ggml.tokens", 9,
            GgufFile::bytes<uint32_t>(8) + GgufFile::bytes<uint64_t>(2) + GgufFile::text("a") +
                GgufFile::text("b"));
  const auto dtype = type == 1 ? at::kHalf : type == 30 ? at::kBFloat16 : at::kFloat;
  auto tensors = testing::tensors_of(from);
  std::map<std::string, std::vector<at::Tensor>> experts;
  for (const auto& [name, tensor] : tensors) {
    const size_t at = name.find("experts.");
    if (at != std::string::npos) {  // in the order of their numbers, which are below ten
      const std::string layer = name.substr(13, name.find('.', 13) - 13), part = name.substr(at + 10);
      const char* ours = part == "w1.weight" || part == "gate_proj.weight" ? "gate"
                         : part == "w3.weight" || part == "up_proj.weight" ? "up"
                                                                           : "down";
      experts[fmt::format("blk.{}.ffn_{}_exps.weight", layer, ours)].push_back(tensor);
      continue;
    }
    at::Tensor w = tensor.to(at::kFloat);
    if (architecture == "llama" && name.find("q_proj") != std::string::npos)
      w = paired(w, config["num_attention_heads"]);
    if (architecture == "llama" && name.find("k_proj") != std::string::npos)
      w = paired(w, config["num_key_value_heads"]);
    const bool matrix = w.dim() == 2;
    files[next++ % parts].tensor(name_in_gguf(name), w.sizes().vec(), matrix ? type : 0,
                                 data_of(matrix ? w.to(dtype) : w));
  }
  for (const auto& [name, list] : experts) {
    const at::Tensor fused = at::stack(list).to(dtype);
    files[next++ % parts].tensor(name, fused.sizes().vec(), type, data_of(fused));
  }
  fs::create_directories(to);
  for (size_t i = 0; i < parts; ++i)
    write_file(to / (parts == 1 ? "model.gguf" : fmt::format("model-{:05}-of-{:05}.gguf", i + 1, parts)),
               files[i].whole());
  for (const char* records : {"inputs.safetensors", "expected.safetensors"})
    fs::copy(from / records, to / records);
}

TEST(Gguf, DenseModelsGiveTheOriginalsNumbers) {
  const testing::TempDir dir;
  const fs::path parity = fs::path(CONCLAVE_SOURCE_DIR) / "tests/parity";
  for (const auto& [folder, architecture] : {std::pair("qwen3", "qwen3"), {"qwen2", "qwen2"}}) {
    write_gguf(parity / folder, dir / folder, architecture, 0);
    const VerifyResult result = verify_checkpoint(dir / folder);
    EXPECT_TRUE(result.pass()) << folder << result.json().dump(2);
  }
}

TEST(Gguf, RoutedModelsGiveTheOriginalsNumbers) {
  const testing::TempDir dir;
  for (const auto& [folder, architecture] : {std::pair("mixtral", "llama"),
                                             {"olmoe", "olmoe"},
                                             {"qwen2-moe", "qwen2moe"},
                                             {"qwen3-moe", "qwen3moe"}}) {
    if (!testing::data_dir() || !fs::exists(testing::parity_folder(folder))) GTEST_SKIP() << "no parity data";
    write_gguf(testing::parity_folder(folder), dir / folder, architecture, 0);
    const VerifyResult result = verify_checkpoint(dir / folder);
    EXPECT_TRUE(result.tokens_equal && result.experts_equal) << folder;
    EXPECT_LT(result.largest.at("logits"), 1e-4) << folder;
  }
}

TEST(Gguf, AModelInSeveralFiles) {
  const testing::TempDir dir;
  write_gguf(fs::path(CONCLAVE_SOURCE_DIR) / "tests/parity/qwen3", dir / "m", "qwen3", 0, 3);
  const fs::path first = dir / "m" / "model-00001-of-00003.gguf",
                 second = dir / "m" / "model-00002-of-00003.gguf";
  EXPECT_EQ(find_gguf(dir / "m"), first);
  const VerifyResult result = verify_checkpoint(dir / "m");
  EXPECT_TRUE(result.pass()) << result.json().dump(2);
  EXPECT_EQ(open_gguf(second).files->names(), open_gguf(first).files->names());
  const std::string bytes = read_file(second);
  write_file(second, read_file(first));
  EXPECT_THAT(error_of([&] { open_gguf(first); }), HasSubstr("is not the part that its name says"));
  fs::remove(second);
  EXPECT_THAT(error_of([&] { open_gguf(first); }), HasSubstr("model-00002-of-00003.gguf"));
  write_file(dir / "alone.gguf", bytes);
  EXPECT_THAT(error_of([&] { open_gguf(dir / "alone.gguf"); }), HasSubstr("the model lies in 3 files"));
}

TEST(Gguf, FilesThatAreWrongAreNamed) {
  const testing::TempDir dir;
  const auto error = [&](const std::string& bytes) {
    write_file(dir / "a.gguf", bytes);
    return error_of([&] { open_gguf(dir / "a.gguf"); });
  };
  GgufFile good;
  good.word("general.architecture", "qwen3");
  good.tensor("token_embd.weight", {2, 32}, 8, std::string(68, 1));
  EXPECT_EQ(error(good.whole()), "no error");
  // Cut anywhere, it is an error and no crash.
  const std::string whole = good.whole();
  for (size_t n = 0; n < whole.size(); ++n) EXPECT_NE(error(whole.substr(0, n)), "no error") << n;
  EXPECT_THAT(error(good.whole(1)), HasSubstr("GGUF of version 1"));
  EXPECT_THAT(error("GGUF" + GgufFile::bytes<uint32_t>(3) + std::string(16, '\xff')),
              HasSubstr("do not fit"));

  GgufFile unknown;
  unknown.word("general.architecture", "heron");
  EXPECT_THAT(error(unknown.whole()), HasSubstr("\"heron\" is not supported (supported: llama, olmoe"));
  GgufFile type;
  type.tensor("a", {32}, 9, "");
  EXPECT_THAT(error(type.whole()), HasSubstr("'a' is of type 9: read are F32"));
  GgufFile huge;
  huge.tensor("a", {int64_t{1} << 40, int64_t{1} << 40}, 0, "");
  EXPECT_THAT(error(huge.whole()), HasSubstr("too many elements"));
  GgufFile ragged;
  ragged.tensor("a", {2, 33}, 8, std::string(68, 1));
  EXPECT_THAT(error(ragged.whole()), HasSubstr("rows of 33 values: Q8_0 has blocks of 32"));
  GgufFile beyond;
  beyond.tensor("a", {64}, 0, "short");
  EXPECT_THAT(error(beyond.whole()), HasSubstr("'a' takes 256 bytes"));
  GgufFile list;
  list.pair("long", 9, GgufFile::bytes<uint32_t>(0) + GgufFile::bytes<uint64_t>(uint64_t{1} << 60));
  EXPECT_THAT(error(list.whole()), HasSubstr("a list of"));
  GgufFile nested;
  nested.pair("deep", 9, GgufFile::bytes<uint32_t>(9) + GgufFile::bytes<uint64_t>(1));
  EXPECT_THAT(error(nested.whole()), HasSubstr("a list of lists"));
  GgufFile twice;
  twice.tensor("a", {1}, 0, std::string(4, 0));
  twice.tensor("a", {1}, 0, std::string(4, 0));
  EXPECT_THAT(error(twice.whole()), HasSubstr("comes twice"));
}

}  // namespace
}  // namespace conclave
