#include "framework/tensor/safetensors.h"

#include <ATen/ATen.h>

#include <set>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/safetensors_index.h"
#include "framework/tensor/safetensors_dtype.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr const char* kIndexName = "model.safetensors.index.json";
constexpr const char* kFileName = "model.safetensors";
constexpr size_t kMaxIndex = size_t{256} << 20;

}  // namespace

Safetensors::Safetensors(const fs::path& path) : path_(path) {
  fs::path file = path;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    file = fs::exists(path / kIndexName, ignored) ? path / kIndexName : path / kFileName;
    if (!fs::exists(file, ignored))
      throw DataError(path.string(), "", fmt::format("holds neither {} nor {}", kFileName, kIndexName));
  }
  if (file.extension() == ".json") {
    read_index(file);
  } else {
    add_shard(file);
  }
  for (const auto& [name, place] : places_) names_.push_back(name);
}

void Safetensors::add_shard(const fs::path& path) {
  auto file = std::make_shared<MappedFile>(path);
  auto header = std::make_shared<SafetensorsHeader>(parse_safetensors_header(file->text(), path.string()));
  for (size_t i = 0; i < header->entries.size(); ++i) {
    const auto& name = header->entries[i].name;
    if (!places_.emplace(name, Place{file, header, i}).second)
      throw DataError(path.string(), fmt::format("tensor \"{}\"", name), "is in another shard too");
  }
  metadata_.merge(std::map(header->metadata));
}

void Safetensors::read_index(const fs::path& index) {
  const auto names_of = parse_safetensors_index(read_file(index, kMaxIndex), index.string());
  std::string wrong;
  for (const auto& [shard, names] : names_of) {
    add_shard(index.parent_path() / shard);
    std::set<std::string> found;
    for (const auto& [name, place] : places_)
      if (place.file->path().filename() == shard) found.insert(name);
    for (const auto& name : names)
      if (!found.contains(name)) wrong += fmt::format("\n  \"{}\" is not in {}", name, shard);
    for (const auto& name : found)
      if (!names.contains(name))
        wrong += fmt::format("\n  \"{}\" is in {} but not listed there", name, shard);
  }
  if (!wrong.empty())
    throw DataError(index.string(), "weight_map", "does not agree with the shards:" + wrong);
}

const Safetensors::Place& Safetensors::place(std::string_view name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) throw DataError(path_.string(), "", fmt::format("has no tensor \"{}\"", name));
  return found->second;
}

const SafetensorsEntry& Safetensors::entry(std::string_view name) const {
  const Place& p = place(name);
  return p.header->entries[p.entry];
}

Tensor Safetensors::tensor(std::string_view name) const {
  const Place& p = place(name);
  const SafetensorsEntry& e = p.header->entries[p.entry];
  const auto dtype = dtype_of_safetensors(e.dtype);
  if (!dtype)
    throw DataError(p.file->path().string(), fmt::format("tensor \"{}\"", name),
                    fmt::format("dtype {} has no counterpart here", e.dtype));
  if (e.begin == e.end) return at::empty(e.shape, *dtype);
  void* data = p.file->bytes().data() + p.header->data_offset + e.begin;
  const Tensor shared = at::from_blob(
      data, e.shape, [file = p.file](void*) {}, at::TensorOptions().dtype(*dtype));
  if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(*dtype) == 0) return shared;
  const Tensor aligned = at::empty(e.shape, *dtype);
  std::memcpy(aligned.data_ptr(), data, e.end - e.begin);
  return aligned;
}

}  // namespace conclave
