#include <ATen/ATen.h>

#include <set>
#include <span>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/tensor/safetensors.h"
#include "framework/tensor/safetensors_dtype.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

using Part = std::span<const TensorList::value_type>;

void write_one(const fs::path& path, Part tensors, const std::map<std::string, std::string>& metadata) {
  std::vector<SafetensorsEntry> entries;
  uint64_t place = 0;
  for (const auto& [name, tensor] : tensors) {
    const uint64_t end = place + tensor.nbytes();
    entries.push_back(
        {name, std::string(safetensors_dtype(tensor.scalar_type())), tensor.sizes().vec(), place, end});
    place = end;
  }
  AtomicFile file(path);
  file.write(format_safetensors_header(entries, metadata));
  for (const auto& [name, tensor] : tensors) {
    const Tensor here = tensor.detach().cpu().contiguous();
    if (here.numel() > 0) file.write({static_cast<const char*>(here.const_data_ptr()), here.nbytes()});
  }
  file.commit();
}

void check_names(const TensorList& tensors) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : tensors) {
    require<UsageError>(tensor.defined(), "[safetensors] \"{}\" is not defined", name);
    require<UsageError>(name != "__metadata__", "[safetensors] no tensor may be called __metadata__");
    require<UsageError>(names.insert(name).second, "[safetensors] \"{}\" comes twice", name);
  }
}

}  // namespace

void save_safetensors(const fs::path& path, const TensorList& tensors,
                      const std::map<std::string, std::string>& metadata) {
  check_names(tensors);
  write_one(path, tensors, metadata);
}

void save_safetensors_sharded(const fs::path& folder, const TensorList& tensors, uint64_t shard_bytes,
                              const std::map<std::string, std::string>& metadata) {
  check_names(tensors);
  std::vector<Part> shards;
  uint64_t total = 0, filled = 0;
  size_t first = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const uint64_t bytes = tensors[i].second.nbytes();
    if (i > first && filled + bytes > shard_bytes) {
      shards.push_back(Part(tensors).subspan(first, i - first));
      first = i;
      filled = 0;
    }
    filled += bytes;
    total += bytes;
  }
  shards.push_back(Part(tensors).subspan(first));

  const fs::path index = folder / "model.safetensors.index.json";
  std::error_code ignored;
  fs::remove(index, ignored);
  if (shards.size() == 1) return write_one(folder / "model.safetensors", shards[0], metadata);
  fs::remove(folder / "model.safetensors", ignored);
  Json map = Json::object();
  auto& pairs = map.get_ref<Json::object_t&>();  // appended directly: [] would search all names each time
  for (size_t s = 0; s < shards.size(); ++s) {
    const std::string file = fmt::format("model-{:05}-of-{:05}.safetensors", s + 1, shards.size());
    write_one(folder / file, shards[s], metadata);
    for (const auto& [name, tensor] : shards[s]) pairs.push_back({name, file});
  }
  const Json json = {{"metadata", {{"total_size", total}}}, {"weight_map", std::move(map)}};
  write_file(index, json.dump(2) + "\n");
}

}  // namespace conclave
