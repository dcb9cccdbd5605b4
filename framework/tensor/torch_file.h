/// Weights that torch.save wrote (.bin, .pt, .pth), read as data: nothing in the file is run.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "framework/base/json.h"
#include "framework/base/mapped_file.h"
#include "framework/base/pickle.h"
#include "framework/tensor/tensor_source.h"

namespace conclave {

/// Tensors are named by the keys on the way to them; those below a top-level "state_dict" leave it out.
class TorchFile : public TensorSource {
 public:
  /// Throws DataError when the file is damaged, was written before torch 1.6, or holds anything but tensors
  /// and plain containers.
  explicit TorchFile(const std::filesystem::path& path);

  std::string origin() const override { return path_.string(); }
  const std::vector<std::string>& names() const override { return names_; }
  bool contains(std::string_view name) const override { return places_.contains(name); }
  std::vector<int64_t> shape(std::string_view name) const override { return entry(name).tensor.shape; }
  /// Shares the file's pages, except where the elements do not lie one behind the other. Writing to it
  /// changes no file.
  Tensor tensor(std::string_view name) const override;
  /// What the file holds beside tensors.
  const Json& values() const { return values_; }

 private:
  struct Entry {
    PickledTensor tensor;
    size_t begin = 0;  ///< of its storage in the file
  };
  const Entry& entry(std::string_view name) const;

  std::filesystem::path path_;
  std::shared_ptr<MappedFile> file_;
  std::map<std::string, Entry, std::less<>> places_;
  std::vector<std::string> names_;
  Json values_;
};

}  // namespace conclave
