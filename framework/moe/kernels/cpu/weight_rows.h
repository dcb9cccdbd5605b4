/// Rows of weights in any of the forms the vector kernels read, behind one call.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/moe/kernels/packed.h"
#include "framework/tensor/cpu/dot.h"

namespace conclave::kernels {

/// All rows of a bank, one below the other.
struct WeightRows {
  enum class Form : uint8_t { float32, bfloat16, int8, int4 } form = Form::float32;
  const std::byte* data = nullptr;
  int64_t n = 0;  ///< columns
  int64_t row_bytes = 0;
  bool streamed = false;  ///< larger than what caches keep

  WeightRows() = default;
  /// A contiguous [..., n] tensor of float32 or bfloat16.
  explicit WeightRows(const Tensor& w);
  explicit WeightRows(const PackedWeight& w);
};

/// out[r*ldo + c] = x[r] · row `first + c`, r < rows, c < outs. Packed weights of many rows are unpacked
/// once; the bits do not depend on it.
void multiply(const DotKernels& dot, const float* const* x, int64_t rows, const WeightRows& w, int64_t first,
              int64_t outs, float* out, int64_t ldo);

}  // namespace conclave::kernels
