/// Normalisation of float32 rows without tensors.
#pragma once

#include <cstdint>

namespace conclave {

struct RmsNorm;

/// What RmsNorm gives for x [rows,width], up to rounding; its weight is float32 and contiguous.
void run_rows(const RmsNorm& norm, const float* x, int64_t rows, float* out);

}  // namespace conclave
