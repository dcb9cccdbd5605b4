/// Tensors in .safetensors files: one file or many with an index, read without copying, written so that a
/// crash leaves the old file or the new one.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/base/mapped_file.h"
#include "framework/base/safetensors_header.h"
#include "framework/tensor/tensor_source.h"

namespace conclave {

/// A checkpoint that is open for reading. Copies share the mapping; tensors keep it alive.
class Safetensors : public TensorSource {
 public:
  /// `path`: a .safetensors file, an index (.json), or a folder that holds `model.safetensors.index.json` or
  /// `model.safetensors`. Throws DataError when a file is damaged, a shard lies outside the folder, or index
  /// and shards disagree.
  explicit Safetensors(const std::filesystem::path& path);

  std::string origin() const override { return path_.string(); }
  const std::vector<std::string>& names() const override { return names_; }
  bool contains(std::string_view name) const override { return places_.contains(name); }
  std::vector<int64_t> shape(std::string_view name) const override { return entry(name).shape; }
  /// Shares the file's pages (a misaligned tensor is copied). Writing to it changes no file.
  Tensor tensor(std::string_view name) const override;
  /// Shape and dtype as written.
  const SafetensorsEntry& entry(std::string_view name) const;
  /// Of all shards; the index adds nothing.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  struct Place {
    std::shared_ptr<MappedFile> file;
    std::shared_ptr<const SafetensorsHeader> header;
    size_t entry = 0;
  };
  void add_shard(const std::filesystem::path& file);
  void read_index(const std::filesystem::path& index);
  const Place& place(std::string_view name) const;

  std::filesystem::path path_;
  std::map<std::string, Place, std::less<>> places_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> metadata_;
};

using TensorList = std::vector<std::pair<std::string, Tensor>>;

/// Writes one file; the data lies in the order given. Throws UsageError for a name that comes twice and a
/// dtype the format lacks.
void save_safetensors(const std::filesystem::path& path, const TensorList& tensors,
                      const std::map<std::string, std::string>& metadata = {});

/// Writes `model.safetensors` into `folder`, or, when the tensors take more than `shard_bytes`,
/// `model-00001-of-0000N.safetensors` with an index, filled in the order given. The index goes away first and
/// comes back last: a crash between leaves a folder that does not open, never a mix.
void save_safetensors_sharded(const std::filesystem::path& folder, const TensorList& tensors,
                              uint64_t shard_bytes, const std::map<std::string, std::string>& metadata = {});

}  // namespace conclave
