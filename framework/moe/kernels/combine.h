/// The weighted sum of rows and its two gradients, without autograd.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave::kernels {

using at::Tensor;

/// out_TD[t] = Σ_k weight[t,k] y[row[t,k]]; an undefined weight means ones. row_TK int64, -1 none.
Tensor sum_rows(const Tensor& y_ND, const Tensor& weight_TK, const Tensor& row_TK);
/// dy_ND[row[t,k]] = weight[t,k] dout[t]
Tensor spread_rows(const Tensor& dout_TD, const Tensor& weight_TK, const Tensor& row_TK, int64_t rows);
/// dweight_TK[t,k] = dout[t] · y[row[t,k]], in weight's dtype; 0 without a row.
Tensor dot_rows(const Tensor& dout_TD, const Tensor& y_ND, const Tensor& row_TK, at::ScalarType dtype);

}  // namespace conclave::kernels
