/// Weights of a published checkpoint into a module.
#pragma once

#include "framework/moe/kernels/packed.h"
#include "framework/tensor/module.h"
#include "framework/tensor/tensor_source.h"
#include "models/checkpoint/architecture.h"

namespace conclave {

struct FillOptions {
  /// Floating tensors take this dtype; nothing: as the file has them (float8 becomes bfloat16).
  std::optional<at::ScalarType> dtype = {};
  /// The text model's matrices and experts become blocks of 8 or 4 bits as soon as they are read.
  std::optional<kernels::Packing> packing = {};
  int64_t layers = 0;  ///< for Architecture::more_layers
};

/// Fills every tensor of `module`, whose sizes come from the configuration. Experts may lie one by one or
/// fused, fused ones as [E,out,in] or [E,in,out]: told apart by their shapes, and an error when those leave
/// it open. Tensors that need no change share the file's pages. Float8 weights are multiplied by their block
/// scales
/// ("..._scale_inv"). Throws one DataError that lists every missing, misshapen and surplus tensor; then
/// nothing has been changed.
void fill_weights(Module& module, const TensorSource& files, const Architecture& architecture,
                  const FillOptions& options);

}  // namespace conclave
