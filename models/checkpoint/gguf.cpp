#include "models/checkpoint/gguf.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <regex>

#include "framework/base/error.h"
#include "framework/base/gguf_header.h"
#include "framework/base/mapped_file.h"
#include "framework/tensor/gguf_values.h"
#include "models/checkpoint/gguf_names.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

struct GgufPart {
  std::shared_ptr<MappedFile> file;
  GgufHeader header;
};

GgufPart open_part(const fs::path& path) {
  auto file = std::make_shared<MappedFile>(path);
  auto header = parse_gguf_header(file->text(), path.string());
  return {std::move(file), std::move(header)};
}

// "NAME-00002-of-00003.gguf": its place among how many, counted from 1; nothing for other names.
struct PartName {
  std::string stem;
  int64_t number, count;
  std::string of(int64_t other) const { return fmt::format("{}-{:05}-of-{:05}.gguf", stem, other, count); }
};
std::optional<PartName> part_name(const std::string& file) {
  static const std::regex form(R"((.*)-(\d{5})-of-(\d{5})\.gguf)");
  std::smatch parts;
  if (!std::regex_match(file, parts, form)) return std::nullopt;
  const PartName name{parts[1], std::stoll(parts[2]), std::stoll(parts[3])};
  return name.number >= 1 && name.number <= name.count ? std::optional(name) : std::nullopt;
}

// All files of a model, the one with the configuration first.
std::vector<GgufPart> open_parts(const fs::path& path) {
  std::vector<GgufPart> parts;
  parts.push_back(open_part(path));
  const Json count = parts[0].header.metadata.value("split.count", Json(1));
  if (count == 1 || count == 0) return parts;
  const auto name = part_name(path.filename().string());
  if (!name || count != name->count)
    throw DataError(path.string(), "split.count",
                    fmt::format("the model lies in {} files: to be found their names must end in "
                                "-00001-of-00003.gguf and the like",
                                count.dump()));
  parts.clear();
  for (int64_t i = 1; i <= name->count; ++i) {
    parts.push_back(open_part(path.parent_path() / name->of(i)));
    const Json& about = parts.back().header.metadata;
    if (about.value("split.no", Json()) != i - 1 || about.value("split.count", Json()) != count)
      throw DataError(parts.back().file->path().string(), "split.no", "is not the part that its name says");
  }
  return parts;
}

class GgufWeights : public TensorSource {
 public:
  GgufWeights(const std::vector<GgufPart>& parts, int64_t q_heads, int64_t k_heads)
      : q_heads_(q_heads), k_heads_(k_heads), origin_(parts.front().file->path().string()) {
    for (const auto& part : parts)
      for (const auto& tensor : part.header.tensors) add(tensor, part.file);
    for (const auto& [name, place] : places_) names_.push_back(name);
  }
  std::string origin() const override { return origin_; }
  const std::vector<std::string>& names() const override { return names_; }
  bool contains(std::string_view name) const override { return places_.contains(name); }
  std::vector<int64_t> shape(std::string_view name) const override { return place(name).shape; }
  Tensor tensor(std::string_view name) const override;

 private:
  // A tensor of the file, or one matrix of it.
  struct Place {
    std::shared_ptr<MappedFile> file;
    std::vector<int64_t> shape;
    uint32_t type = 0;
    uint64_t begin = 0;
    int64_t heads = 0;  ///< whose rows lie in pairs; 0: they do not
  };

  void put(const std::string& name, Place place) {
    if (!places_.emplace(name, std::move(place)).second)
      throw DataError(origin(), "", "two tensors stand for " + name);
  }
  void add(const GgufTensor& tensor, const std::shared_ptr<MappedFile>& file);
  const Place& place(std::string_view name) const {
    const auto found = places_.find(name);
    if (found == places_.end()) throw DataError(origin(), "", fmt::format("has no tensor \"{}\"", name));
    return found->second;
  }

  int64_t q_heads_, k_heads_;
  std::string origin_;
  std::map<std::string, Place, std::less<>> places_;
  std::vector<std::string> names_;
};

void GgufWeights::add(const GgufTensor& tensor, const std::shared_ptr<MappedFile>& file) {
  const auto plain = [&](const std::string& name, int64_t heads = 0) {
    put(name, {file, tensor.shape, tensor.type, tensor.begin, heads});
  };
  for (const auto& name : kGgufOutside)
    if (tensor.name == name.ours) return plain(name.published);
  const size_t dot = tensor.name.find('.', 4);
  if (!tensor.name.starts_with("blk.") || dot == std::string::npos) return plain(tensor.name);
  const std::string layer = tensor.name.substr(4, dot - 4), inner = tensor.name.substr(dot + 1);
  for (const auto& name : kGgufInLayer) {
    if (inner != name.ours) continue;
    const std::string published = "model.layers." + layer + "." + name.published;
    const size_t percent = published.find('%');
    if (percent == std::string::npos)
      return plain(published, inner.starts_with("attn_q.")   ? q_heads_
                              : inner.starts_with("attn_k.") ? k_heads_
                                                             : 0);
    if (tensor.shape.size() != 3 || tensor.shape[0] == 0)
      throw DataError(origin(), tensor.name,
                      fmt::format("has the shape [{}]: a matrix for each expert was expected",
                                  fmt::join(tensor.shape, ", ")));
    const auto count = static_cast<uint64_t>(tensor.shape[0]);
    if (count > 65536) throw DataError(origin(), tensor.name, fmt::format("holds {} experts", count));
    for (uint64_t e = 0; e < count; ++e)
      put(published.substr(0, percent) + std::to_string(e) + published.substr(percent + 1),
          {file, {tensor.shape[1], tensor.shape[2]}, tensor.type, tensor.begin + e * (tensor.bytes / count)});
    return;
  }
  plain(tensor.name);
}

Tensor GgufWeights::tensor(std::string_view name) const {
  const Place& at_place = place(name);
  Tensor values = at::empty(at_place.shape, at::kFloat);
  gguf_values(at_place.type, at_place.file->bytes().data() + at_place.begin, values.numel(),
              values.mutable_data_ptr<float>());
  if (at_place.heads == 0) return values;
  // Halves of a head that turn together were put side by side, pair by pair.
  const int64_t rows = values.size(0), heads = at_place.heads;
  if (rows % (2 * heads) != 0)
    throw DataError(origin(), std::string(name), fmt::format("{} rows for {} heads", rows, heads));
  auto shape = values.sizes().vec();
  return values.reshape({heads, rows / heads / 2, 2, -1}).transpose(1, 2).reshape(shape).contiguous();
}

Json config_of(const std::vector<GgufPart>& parts, const std::string& file,
               const GgufArchitecture& architecture) {
  const GgufHeader& header = parts.front().header;
  const std::string prefix = std::string(architecture.name) + ".";
  Json config = Json::object();
  for (const auto& key : kGgufKeys) {
    const auto found = header.metadata.find(prefix + key.ours);
    if (found == header.metadata.end()) continue;
    if (!found->is_number())
      throw DataError(file, prefix + key.ours, "is no number: one for all layers is what is read");
    config[key.published] = *found;
  }
  const auto scaling = header.metadata.find(prefix + "rope.scaling.type");
  if (scaling != header.metadata.end() && *scaling != "none")
    throw DataError(file, prefix + "rope.scaling.type", scaling->dump() + " is not supported");
  std::string published = architecture.published;
  if (published == "LlamaForCausalLM" && config.contains("num_experts")) {
    published = "MixtralForCausalLM";
    config["num_local_experts"] = config["num_experts"];
  }
  // The number of rows of the embedding; without a head of its own the model is tied to it.
  config["tie_word_embeddings"] = true;
  for (const auto& part : parts) {
    for (const auto& tensor : part.header.tensors) {
      if (tensor.name == "token_embd.weight" && !tensor.shape.empty()) config["vocab_size"] = tensor.shape[0];
      if (tensor.name == "output.weight") config["tie_word_embeddings"] = false;
      if (tensor.name == "blk.0.attn_q.bias") config["qkv_bias"] = config["attention_bias"] = true;
    }
  }
  config["architectures"] = {published};
  config["hidden_act"] = "silu";
  config["norm_topk_prob"] = architecture.normalised;
  config["router_aux_loss_coef"] = 0.0;
  return config;
}

}  // namespace

fs::path find_gguf(const fs::path& path) {
  if (fs::is_regular_file(path)) return path.extension() == ".gguf" ? path : fs::path();
  if (!fs::is_directory(path)) return {};
  std::vector<fs::path> found;  // of a model in several files the first
  for (const auto& entry : fs::directory_iterator(path)) {
    const auto name = entry.path().filename();
    if (name == "model.safetensors" || name == "model.safetensors.index.json" || name == "pytorch_model.bin")
      return {};
    const auto part = part_name(name.string());
    if (entry.path().extension() == ".gguf" && entry.is_regular_file() && (!part || part->number == 1))
      found.push_back(entry.path());
  }
  return found.size() == 1 ? found.front() : fs::path();
}

GgufModel open_gguf(const fs::path& path) {
  const auto parts = open_parts(path);
  const Json named = parts.front().header.metadata.value("general.architecture", Json());
  std::string known;
  for (const auto& architecture : kGgufArchitectures) {
    known += (known.empty() ? "" : ", ") + std::string(architecture.name);
    if (named != architecture.name) continue;
    Json config = config_of(parts, path.string(), architecture);
    int64_t q_heads = 0, k_heads = 0;
    if (architecture.paired) {
      const Json heads = config.value("num_attention_heads", Json());
      const Json kv_heads = config.value("num_key_value_heads", heads);
      for (const Json* count : {&heads, &kv_heads})
        if (!count->is_number_integer() || *count < 1 || *count > 65536)
          throw DataError(path.string(), "attention.head_count", count->dump() + " heads");
      q_heads = heads.get<int64_t>();
      k_heads = kv_heads.get<int64_t>();
    }
    return {std::move(config), std::make_shared<GgufWeights>(parts, q_heads, k_heads)};
  }
  throw DataError(path.string(), "general.architecture",
                  named.dump() + " is not supported (supported: " + known + ")");
}

}  // namespace conclave
