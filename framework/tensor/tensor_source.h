/// Named tensors from outside: a checkpoint file of any format, or tensors in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

using at::Tensor;

struct TensorSource {
  virtual ~TensorSource() = default;
  /// What errors call it: a path.
  virtual std::string origin() const = 0;
  /// In ascending order.
  virtual const std::vector<std::string>& names() const = 0;
  virtual bool contains(std::string_view name) const = 0;
  /// Throws DataError for a name that is not there.
  virtual std::vector<int64_t> shape(std::string_view name) const = 0;
  /// Throws DataError for a name that is not there and for a dtype that ATen lacks.
  virtual Tensor tensor(std::string_view name) const = 0;
};

/// Tensors that are in memory already.
class TensorMap : public TensorSource {
 public:
  TensorMap(std::string origin, std::map<std::string, Tensor, std::less<>> tensors);
  std::string origin() const override { return origin_; }
  const std::vector<std::string>& names() const override { return names_; }
  bool contains(std::string_view name) const override { return tensors_.contains(name); }
  std::vector<int64_t> shape(std::string_view name) const override { return tensor(name).sizes().vec(); }
  Tensor tensor(std::string_view name) const override;

 private:
  std::string origin_;
  std::map<std::string, Tensor, std::less<>> tensors_;
  std::vector<std::string> names_;
};

}  // namespace conclave
