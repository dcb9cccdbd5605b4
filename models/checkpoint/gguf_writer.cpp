#include "models/checkpoint/gguf_writer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>

#include "framework/base/error.h"
#include "framework/base/gguf_header.h"
#include "models/checkpoint/gguf_names.h"
#include "models/checkpoint/name_map.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

// Types of values and of tensors, as the format numbers them.
constexpr uint32_t kUint32 = 4, kFloat32 = 6, kString = 8;
constexpr uint32_t kF32 = 0, kF16 = 1, kQ4 = 2, kQ8 = 8, kBf16 = 30;
constexpr uint64_t kAlignment = 32;

class GgufBytes {
 public:
  template <class T>
  void number(T value) {
    all_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number(static_cast<uint64_t>(value.size()));
    all_ += value;
  }
  void words(std::string_view key, std::string_view value) {
    ++pairs;
    text(key);
    number(kString);
    text(value);
  }
  void figure(std::string_view key, const Json& value) {
    ++pairs;
    text(key);
    number(value.is_number_integer() ? kUint32 : kFloat32);
    if (value.is_number_integer())
      number(value.get<uint32_t>());
    else
      number(value.get<float>());
  }
  const std::string& all() const { return all_; }

  uint64_t pairs = 0;

 private:
  std::string all_;
};

uint64_t aligned(uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

class GgufWriter {
 public:
  GgufWriter(const CheckpointFolder& folder, std::optional<kernels::Packing> packing)
      : folder_(folder),
        packing_(packing),
        architecture_(architecture_of(folder)),
        model_(load_checkpoint(folder)) {
    const Json& config = folder.published;
    require<UsageError>(!config.contains("rope_scaling") || config["rope_scaling"].is_null(),
                        "{}: scaled rotary positions are not written", folder.path.string());
    require<UsageError>(
        config.value("norm_topk_prob", Json(architecture_.normalised)) == Json(architecture_.normalised),
        "{}: norm_topk_prob is not what {} stands for in GGUF files", folder.path.string(),
        architecture_.name);
    const NameMap names(*folder.architecture);
    for (const auto& t : named_tensors(*model_)) add(t, names);
  }

  GgufWritten write(const fs::path& file) const {
    GgufBytes pairs = metadata(), about;
    GgufWritten written;
    uint64_t offset = 0;
    for (const auto& tensor : tensors_) {
      const auto shape = tensor.values.sizes();
      about.text(tensor.name);
      about.number(static_cast<uint32_t>(shape.size()));
      for (auto size = shape.rbegin(); size != shape.rend(); ++size)
        about.number(static_cast<uint64_t>(*size));
      about.number(tensor.type);
      about.number(offset);
      offset += aligned(bytes_of(tensor));
      ++written.tensors;
      written.packed += tensor.type == kQ8 || tensor.type == kQ4;
    }
    GgufBytes head;
    head.number(uint32_t{0x46554747});  // "GGUF"
    head.number(uint32_t{3});
    head.number(static_cast<uint64_t>(tensors_.size()));
    head.number(pairs.pairs);
    const std::string begin = head.all() + pairs.all() + about.all();

    const fs::path hidden = file.parent_path() / ("." + file.filename().string() + ".new");
    std::ofstream out(hidden, std::ios::binary);
    const auto put = [&](const void* data, uint64_t bytes) {
      out.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
      for (uint64_t i = bytes; i < aligned(bytes); ++i) out.put(0);
      written.bytes += aligned(bytes);
    };
    put(begin.data(), begin.size());
    for (const auto& tensor : tensors_) {
      const Tensor stored = stored_values(tensor);
      put(stored.const_data_ptr(), stored.nbytes());
    }
    out.close();
    if (!out) {
      fs::remove(hidden);
      throw Error(fmt::format("{}: cannot be written", file.string()));
    }
    fs::rename(hidden, file);
    return written;
  }

 private:
  struct Placed {
    std::string name;
    Tensor values;
    uint32_t type;
  };

  static const GgufArchitecture& architecture_of(const CheckpointFolder& folder) {
    const Json classes = folder.published.value("architectures", Json::array());
    std::string known;
    for (const auto& each : kGgufArchitectures) {
      known += (known.empty() ? "" : ", ") + std::string(each.published);
      const bool mixtral =
          std::string(each.name) == "llama" && classes == Json::array({"MixtralForCausalLM"});
      if (mixtral || classes == Json::array({each.published})) return each;
    }
    throw UsageError(fmt::format("{}: {} has no GGUF form here (it has: {}, MixtralForCausalLM)",
                                 folder.path.string(), classes.dump(), known));
  }

  // The name of one of our tensors in the file; empty when the format has none.
  static std::string name_of(const PublishedName& place) {
    for (const auto& name : kGgufOutside)
      if (place.theirs == name.published) return name.ours;
    const std::string layers = "model.layers.";
    if (!place.theirs.starts_with(layers)) return "";
    const size_t dot = place.theirs.find('.', layers.size());
    if (dot == std::string::npos) return "";
    for (const auto& name : kGgufInLayer)
      if (place.theirs.substr(dot + 1) == name.published)
        return "blk." + place.theirs.substr(layers.size(), dot - layers.size()) + "." + name.ours;
    return "";
  }

  void add(const NamedTensor& t, const NameMap& names) {
    for (const auto& place : names.places(t.name)) {
      if (place.ours.size() != 1) continue;
      const std::string name = name_of(place);
      if (name.empty()) continue;
      tensors_.push_back({name, paired(name, t.tensor), type_of(name, t.tensor)});
      return;
    }
    throw UsageError(fmt::format("{}: {} has no name in GGUF files", folder_.path.string(), t.name));
  }

  // Halves of a head that turn together are put side by side, pair by pair.
  Tensor paired(const std::string& name, const Tensor& values) const {
    const bool q = name.find(".attn_q.") != std::string::npos, k = name.find(".attn_k.") != std::string::npos;
    if (!architecture_.paired || !(q || k)) return values;
    const Json heads = folder_.published.value("num_attention_heads", Json());
    const auto count = (k ? folder_.published.value("num_key_value_heads", heads) : heads).get<int64_t>();
    const auto shape = values.sizes().vec();
    return values.reshape({count, 2, values.size(0) / count / 2, -1}).transpose(1, 2).reshape(shape);
  }

  uint32_t type_of(const std::string& name, const Tensor& values) const {
    const bool kept =
        values.dim() < 2 || name == "token_embd.weight" || name.find("gate_inp") != std::string::npos;
    if (packing_ && !kept && kernels::can_pack(values.size(-1)))
      return *packing_ == kernels::Packing::int8 ? kQ8 : kQ4;
    // Norms and routers are float32 in such files.
    if (values.dim() < 2 || name.find("gate_inp") != std::string::npos) return kF32;
    return values.scalar_type() == at::kBFloat16 ? kBf16 : values.scalar_type() == at::kHalf ? kF16 : kF32;
  }

  static uint64_t bytes_of(const Placed& tensor) {
    const auto type = *gguf_type(tensor.type);
    return static_cast<uint64_t>(tensor.values.numel() / type.values * type.bytes);
  }

  static Tensor stored_values(const Placed& tensor) {
    if (tensor.type == kQ8 || tensor.type == kQ4) {
      const auto& v = tensor.values;
      const Tensor rows = v.reshape({v.dim() == 3 ? v.size(0) : 1, v.size(-2), v.size(-1)});
      return kernels::pack(rows, tensor.type == kQ8 ? kernels::Packing::int8 : kernels::Packing::int4).blocks;
    }
    return tensor.values.to(tensor.type == kF32 ? at::kFloat : tensor.values.scalar_type()).contiguous();
  }

  GgufBytes metadata() const {
    const std::string name = architecture_.name, prefix = name + ".";
    GgufBytes pairs;
    pairs.words("general.architecture", name);
    pairs.figure("general.alignment", Json(kAlignment));
    pairs.words("tokenizer.ggml.model", "no_vocab");
    Json config = folder_.published;
    if (config.contains("num_local_experts")) config["num_experts"] = config["num_local_experts"];
    pairs.figure(prefix + "vocab_size", Json(model_->text->embed_tokens.count()));
    if (!config.value("use_sliding_window", true)) config.erase("sliding_window");
    for (const auto& key : kGgufKeys)
      if (config.contains(key.published) && config[key.published].is_number())
        pairs.figure(prefix + key.ours, std::string(key.published) == "rope_theta" ||
                                                std::string(key.published) == "rms_norm_eps"
                                            ? Json(config[key.published].get<double>())
                                            : config[key.published]);
    if (config.contains("head_dim") && config["head_dim"].is_number())
      pairs.figure(prefix + "attention.value_length", config["head_dim"]);
    return pairs;
  }

  const CheckpointFolder& folder_;
  std::optional<kernels::Packing> packing_;
  const GgufArchitecture& architecture_;
  Ptr<Multimodal> model_;
  std::vector<Placed> tensors_;
};

}  // namespace

GgufWritten write_gguf(const CheckpointFolder& folder, const fs::path& file,
                       std::optional<kernels::Packing> packing) {
  require<UsageError>(!fs::exists(file), "{}: is there already", file.string());
  const GgufWriter writer(folder, packing);
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  return writer.write(file);
}

}  // namespace conclave
