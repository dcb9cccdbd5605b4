#include "framework/nn/activation.h"

#include <ATen/ATen.h>

#include <array>
#include <utility>

#include "framework/base/error.h"

namespace conclave {
namespace {

// The first name of each is its own; the others are what published configurations say.
constexpr std::array<std::pair<std::string_view, Activation>, 11> kNames{{
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"gelu", Activation::gelu},
    {"gelu_tanh", Activation::gelu_tanh},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
    {"quick_gelu", Activation::quick_gelu},
    {"relu", Activation::relu},
    {"relu2", Activation::relu2},
    {"relu_squared", Activation::relu2},
    {"tanh", Activation::tanh},
}};

}  // namespace

Activation parse_activation(std::string_view name, std::string_view key) {
  for (const auto& [known, activation] : kNames) {
    if (known == name) return activation;
  }
  throw UsageError(fmt::format(
      "{} = \"{}\": must be one of silu, gelu, gelu_tanh, quick_gelu, relu, relu2, tanh", key, name));
}

std::string activation_name(Activation activation) {
  for (const auto& [name, known] : kNames) {
    if (known == activation) return std::string(name);
  }
  return {};
}

Tensor activate(Activation activation, const Tensor& x) {
  switch (activation) {
    case Activation::silu:
      return at::silu(x);
    case Activation::gelu:
      return at::gelu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    case Activation::quick_gelu:
      return x * at::sigmoid(1.702 * x);
    case Activation::relu:
      return at::relu(x);
    case Activation::relu2:
      return at::relu(x).square();
    case Activation::tanh:
      return at::tanh(x);
  }
  return x;
}

}  // namespace conclave
