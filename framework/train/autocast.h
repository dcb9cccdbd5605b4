/// Matrix products in bfloat16 over float32 weights.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave {

/// Within a scope, ATen's list of safe operations runs in bfloat16 on `device`; the weights and their
/// gradients stay float32. With `on` false it does nothing.
class AutocastScope {
 public:
  AutocastScope(bool on, at::DeviceType device);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  bool on_;
  at::DeviceType device_;
  bool before_ = false;
  at::ScalarType dtype_before_ = at::ScalarType::Undefined;
};

}  // namespace conclave
