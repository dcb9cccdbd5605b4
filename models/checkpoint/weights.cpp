#include "models/checkpoint/weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/safetensors_index.h"
#include "framework/tensor/safetensors.h"
#include "framework/tensor/torch_file.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
constexpr const char* kIndex = "pytorch_model.bin.index.json";
constexpr size_t kMaxIndex = size_t{256} << 20;

// Several files of torch.save with an index, which is like that of safetensors.
class TorchShards : public TensorSource {
 public:
  explicit TorchShards(const fs::path& index) : path_(index) {
    for (const auto& [shard, listed] : parse_safetensors_index(read_file(index, kMaxIndex), index.string())) {
      shards_.push_back(std::make_unique<TorchFile>(index.parent_path() / shard));
      const std::set<std::string> found(shards_.back()->names().begin(), shards_.back()->names().end());
      for (const auto& name : listed) {
        if (!found.contains(name))
          throw DataError(index.string(), "weight_map", fmt::format("\"{}\" is not in {}", name, shard));
        places_[name] = shards_.back().get();
      }
    }
    for (const auto& [name, shard] : places_) names_.push_back(name);
  }
  std::string origin() const override { return path_.string(); }
  const std::vector<std::string>& names() const override { return names_; }
  bool contains(std::string_view name) const override { return places_.contains(name); }
  std::vector<int64_t> shape(std::string_view name) const override { return shard(name).shape(name); }
  Tensor tensor(std::string_view name) const override { return shard(name).tensor(name); }

 private:
  const TorchFile& shard(std::string_view name) const {
    const auto found = places_.find(name);
    if (found == places_.end())
      throw DataError(path_.string(), "", fmt::format("has no tensor \"{}\"", name));
    return *found->second;
  }

  fs::path path_;
  std::vector<std::unique_ptr<TorchFile>> shards_;
  std::map<std::string, const TorchFile*, std::less<>> places_;
  std::vector<std::string> names_;
};

bool is_torch_file(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".pth" || extension == ".pt" || extension == ".bin";
}

}  // namespace

std::shared_ptr<TensorSource> open_weights(const fs::path& path) {
  if (!fs::is_directory(path)) {
    if (is_torch_file(path)) return std::make_shared<TorchFile>(path);
    return std::make_shared<Safetensors>(path);
  }
  for (const char* file : {"model.safetensors", "model.safetensors.index.json"})
    if (fs::exists(path / file)) return std::make_shared<Safetensors>(path);
  if (fs::exists(path / kIndex)) return std::make_shared<TorchShards>(path / kIndex);
  if (fs::exists(path / "pytorch_model.bin")) return std::make_shared<TorchFile>(path / "pytorch_model.bin");
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.is_regular_file() && is_torch_file(entry.path())) found.push_back(entry.path());
  if (found.size() == 1) return std::make_shared<TorchFile>(found.front());
  throw DataError(path.string(), "",
                  found.empty()
                      ? "holds no weights: no model.safetensors, pytorch_model.bin, index of either, "
                        ".pth, .pt or .bin file"
                      : "holds several .pth, .pt or .bin files and no index: name one of them");
}

Json values_beside(const TensorSource& weights) {
  const auto* file = dynamic_cast<const TorchFile*>(&weights);
  return file ? file->values() : Json();
}

}  // namespace conclave
