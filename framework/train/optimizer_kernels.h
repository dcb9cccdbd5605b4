/// The two passes over every parameter, without tensors. Both give the same bits for any thread count and any
/// vector width: no operation is reordered or contracted.
#pragma once

#include <cstdint>

namespace conclave::kernels {

struct AdamWStep {
  float grad_scale;  ///< clipping and the mean over the accumulation
  float beta1, beta2;
  float epsilon;
  float keep;        ///< 1 - rate · decay
  float rate;        ///< rate / (1 - beta1^t)
  float root_scale;  ///< 1 / sqrt(1 - beta2^t)
};

/// One update of n values (arXiv 1711.05101, algorithm 2).
void adamw(const AdamWStep& step, int64_t n, const float* gradient, float* value, float* mean, float* square);

/// Sum of squares of n values, in double.
double sum_of_squares(int64_t n, const float* values);

}  // namespace conclave::kernels
