#include "framework/tensor/tensor_source.h"

#include "framework/base/error.h"

namespace conclave {

TensorMap::TensorMap(std::string origin, std::map<std::string, Tensor, std::less<>> tensors)
    : origin_(std::move(origin)), tensors_(std::move(tensors)) {
  for (const auto& [name, tensor] : tensors_) names_.push_back(name);
}

Tensor TensorMap::tensor(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw DataError(origin_, "", fmt::format("has no tensor \"{}\"", name));
  return found->second;
}

}  // namespace conclave
