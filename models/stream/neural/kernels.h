/// Loops over rows of weights, in single precision. Widths are multiples of 8.
#pragma once

#include "models/stream/base/fast_math.h"

namespace conclave::stream {

/// Sum of a[i] b[i].
float dot(const float* a, const float* b, int n);
/// y_O += x_I W; W [in, out]. Inputs that are 0 cost nothing.
void add_product(const float* x_I, const float* weights_IO, float* y_O, int in, int out);
/// Squared distance.
float squared_distance(const float* a, const float* b, int n);
/// a[i] += scale * b[i].
void add_scaled(float* a, const float* b, float scale, int n);
/// AdaGrad with a memory: square sums fade by `keep`; weights -= rate * g / sqrt(sums), g = scale * z.
void adagrad_step(float* weights, float* sums, const float* z, float scale, float rate, float keep, int n);
/// One step of Adam (betas 0.9 and 0.999): g = scale * z; `rate` has the bias correction in it.
void adam_step(float* weights, float* first, float* second, const float* z, float scale, float rate, int n);
/// Logits to shares that sum to 1, in place.
void softmax(double* values, int n);

}  // namespace conclave::stream
