/// What a backend of the grouped product provides. Rows of x are sorted by expert; expert e owns rows
/// offsets[e] .. offsets[e+1]. All tensors share one dtype and device; outputs are allocated by the caller.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace conclave::kernels {

using at::Tensor;
using Offsets = std::span<const int32_t>;  ///< E+1 ends, on the host

struct GroupedBackend {
  const char* name;
  /// Whether this machine can run it.
  bool (*usable)();
  /// Whether it takes this product; the reference takes the rest.
  bool (*accepts)(const Tensor& x_ND, const Tensor& w_EFD);
  /// y_NF[r] = w[e] x[r]
  void (*product)(const Tensor& x_ND, const Tensor& w_EFD, Offsets offsets, Tensor& y_NF);
  /// dx_ND[r] = w[e]ᵀ dy[r]
  void (*grad_input)(const Tensor& dy_NF, const Tensor& w_EFD, Offsets offsets, Tensor& dx_ND);
  /// dw_EFD[e] = Σ_r dy[r] x[r]ᵀ, zero for an expert without rows
  void (*grad_weight)(const Tensor& dy_NF, const Tensor& x_ND, Offsets offsets, Tensor& dw_EFD);
};

/// Plain ATen: the oracle of every other backend.
const GroupedBackend& reference_backend();
/// Float32 products by the vector kernels of cpu/dot.h, of bfloat16 by ATen, experts side by side; gradients
/// as in the reference.
const GroupedBackend& cpu_backend();
/// The backend for a product, from the table in grouped.cpp.
const GroupedBackend& backend_for(const Tensor& x_ND, const Tensor& w_EFD);

}  // namespace conclave::kernels
