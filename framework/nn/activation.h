/// The activation functions of feed-forward layers, by their usual names.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace conclave {

using at::Tensor;

enum class Activation {
  silu,        ///< x·sigmoid(x), also called swish
  gelu,        ///< exact, with erf
  gelu_tanh,   ///< the tanh approximation ("gelu_new", "gelu_pytorch_tanh")
  quick_gelu,  ///< x·sigmoid(1.702x), as in CLIP
  relu,
  relu2,  ///< relu(x)²
  tanh
};

/// Accepts the names above and those of published configurations; `key` names the setting in the error.
/// Throws UsageError.
Activation parse_activation(std::string_view name, std::string_view key = "activation");
std::string activation_name(Activation activation);
/// Element by element, in x's dtype.
Tensor activate(Activation activation, const Tensor& x);

}  // namespace conclave
