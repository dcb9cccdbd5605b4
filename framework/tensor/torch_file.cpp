#include "framework/tensor/torch_file.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>

#include <cstring>

#include "framework/base/error.h"
#include "framework/base/safetensors_header.h"
#include "framework/tensor/safetensors_dtype.h"

namespace conclave {
namespace {

// Names and shapes of a hundred thousand tensors; each byte may become a value of some hundred bytes.
constexpr size_t kLargestPickle = size_t{16} << 20;

// Records of the archive by LibTorch's own reader of it, which knows nothing of pickles.
class Archive {
 public:
  Archive(const std::filesystem::path& path, std::string_view bytes) : path_(path), bytes_(bytes) {
    if (!bytes.starts_with("PK"))
      throw DataError(path.string(), "",
                      "is no archive of torch.save; what was saved before torch 1.6 must be saved again");
    guarded([&] { reader_ = std::make_unique<caffe2::serialize::PyTorchStreamReader>(path.string()); });
    if (has("byteorder") && text("byteorder") != "little")
      throw DataError(path_.string(), "byteorder", "must be little");
  }

  bool has(const std::string& record) const {
    bool found = false;
    guarded([&] { found = reader_->hasRecord(record); });
    return found;
  }

  // Where a record's bytes are. They must lie in the file as they are.
  std::pair<size_t, size_t> place(const std::string& record) const {
    if (!has(record)) throw DataError(path_.string(), record, "is not in the archive");
    size_t header = 0, begin = 0, size = 0;
    guarded([&] {
      header = reader_->getRecordHeaderOffset(record);
      begin = reader_->getRecordOffset(record);
      size = reader_->getRecordSize(record);
    });
    constexpr size_t kMethod = 8, kHeader = 30;
    if (header > bytes_.size() || bytes_.size() - header < kHeader || begin > bytes_.size() ||
        size > bytes_.size() - begin)
      throw DataError(path_.string(), record, "lies beyond the end of the file");
    if (bytes_[header + kMethod] != 0 || bytes_[header + kMethod + 1] != 0)
      throw DataError(path_.string(), record, "is compressed, which torch.save never does");
    return {begin, size};
  }
  std::string_view text(const std::string& record) const {
    const auto [begin, size] = place(record);
    return bytes_.substr(begin, size);
  }

 private:
  template <class F>
  void guarded(F f) const {
    try {
      f();
    } catch (const std::exception& e) {
      const std::string_view what = e.what();
      throw DataError(path_.string(), "", fmt::format("is damaged: {}", what.substr(0, what.find('\n'))));
    }
  }

  const std::filesystem::path& path_;
  std::string_view bytes_;
  std::unique_ptr<caffe2::serialize::PyTorchStreamReader> reader_;
};

}  // namespace

TorchFile::TorchFile(const std::filesystem::path& path)
    : path_(path), file_(std::make_shared<MappedFile>(path)) {
  const Archive archive(path_, file_->text());
  const auto pickle = archive.text("data.pkl");
  if (pickle.size() > kLargestPickle)
    throw DataError(path_.string(), "data.pkl",
                    fmt::format("has {} bytes, the limit is {}", pickle.size(), kLargestPickle));
  auto data = read_pickle(pickle, path.string());
  values_ = std::move(data.values);
  const std::string whole = "state_dict.";
  for (auto& tensor : data.tensors) {
    const auto [begin, size] = archive.place("data/" + tensor.storage);
    const auto bits = safetensors_bits(tensor.dtype);
    const auto bytes = safetensors_bytes(bits.value_or(0), {tensor.storage_size});
    if (!bytes || *bytes > size)
      throw DataError(path.string(), tensor.name,
                      fmt::format("has a storage of {} elements in {} bytes", tensor.storage_size, size));
    std::string name = tensor.name.starts_with(whole) ? tensor.name.substr(whole.size()) : tensor.name;
    if (!places_.emplace(std::move(name), Entry{std::move(tensor), begin}).second)
      throw DataError(path.string(), "", "has two tensors of one name");
  }
  for (const auto& [name, place] : places_) names_.push_back(name);
}

const TorchFile::Entry& TorchFile::entry(std::string_view name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) throw DataError(path_.string(), "", fmt::format("has no tensor \"{}\"", name));
  return found->second;
}

Tensor TorchFile::tensor(std::string_view name) const {
  const auto& [t, begin] = entry(name);
  const auto dtype = *dtype_of_safetensors(t.dtype);
  const auto options = at::TensorOptions().dtype(dtype);
  const size_t width = c10::elementSize(dtype);
  if (t.storage_size == 0) return at::empty(t.shape, options);
  std::byte* data = file_->bytes().data() + begin;
  Tensor storage;
  if (reinterpret_cast<uintptr_t>(data) % width == 0) {
    storage = at::from_blob(
        data, {t.storage_size}, [file = file_](void*) {}, options);
  } else {
    storage = at::empty({t.storage_size}, options);
    std::memcpy(storage.data_ptr(), data, static_cast<size_t>(t.storage_size) * width);
  }
  return storage.as_strided(t.shape, t.stride, t.offset).contiguous();
}

}  // namespace conclave
