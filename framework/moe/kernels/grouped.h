/// Rows sorted by expert, and the three differentiable steps every bank is made of:
/// gather rows -> grouped products -> combine rows. N rows: the slots that hold an expert which can be run.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave::kernels {

using at::Tensor;

/// Order of the rows. A slot that is empty (-1) or holds a null expert (id >= E) has no row.
struct RowOrder {
  int64_t experts = 0;
  Tensor token_N;     ///< int64, token of each row
  Tensor slot_N;      ///< int64, t*K + k of each row
  Tensor expert_N;    ///< int64, expert of each row; ascending
  Tensor row_TK;      ///< int64, row of each slot, -1 without one
  Tensor offsets_E1;  ///< int32 on the host, rows of expert e are [offsets[e], offsets[e+1])

  int64_t rows() const { return token_N.size(0); }
};

/// Counting sort of expert_TK (int32 [T,K]) by expert; rows of one expert keep the order of their tokens.
RowOrder sort_rows(const Tensor& expert_TK, int64_t experts);

/// x_TD [T,D] -> [N,D], the token of each row.
Tensor gather_rows(const Tensor& x_TD, const RowOrder& order);

/// y_NF[r] = w[e] x[r] for the rows r of expert e: x_ND [N,D], w_EFD [E,F,D] -> [N,F] in x's dtype (w is
/// cast to it). The weight gradient is written once into one [E,F,D] tensor: linear in E. Autocast does not
/// reach inside.
Tensor grouped_linear(const Tensor& x_ND, const Tensor& w_EFD, const RowOrder& order);

/// out[t] = Σ_k weight[t,k] y[row of (t,k)]: y_ND [N,D], weight_TK [T,K] -> [T,D] in y's dtype, summed in
/// slot order in float32 or wider, without atomics.
Tensor combine_rows(const Tensor& y_ND, const Tensor& weight_TK, const RowOrder& order);

/// y_ND [N,D] -> [T,K,D] with zeros where a slot has no row.
Tensor scatter_slots(const Tensor& y_ND, const RowOrder& order);

}  // namespace conclave::kernels
