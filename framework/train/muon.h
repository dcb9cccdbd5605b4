/// Muon (Jordan et al., 2024): momentum whose matrix is made orthogonal, so that every direction of a weight
/// learns at the same pace. For the matrices inside a network; embeddings, heads and vectors are AdamW's.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave {

using at::Tensor;

inline constexpr double kMuonMomentum = 0.95;

/// Of each matrix in m [..., M, N], float32: U Vᵀ of its singular value decomposition, roughly. Five
/// Newton-Schulz steps bring the singular values to between 0.7 and 1.2; zero stays zero.
Tensor orthogonalised(const Tensor& m);

/// One update in place: momentum ← 0.95·momentum + 0.05·gradient, with Nesterov's look ahead; the change is
/// scaled by 0.2·sqrt(max(M, N)), as large as AdamW's (Liu et al., arXiv 2502.16982, eq. 4), so that both
/// share one rate. `keep` is what decay leaves of the value.
void muon_step(const Tensor& gradient, double rate, double keep, Tensor value, Tensor momentum);

}  // namespace conclave
