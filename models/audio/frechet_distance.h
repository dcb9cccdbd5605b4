#pragma once

#include "framework/tensor/module.h"

namespace conclave {

/// Fréchet distance of two clouds of embeddings, each taken as a Gaussian (Heusel et al., arXiv 1706.08500,
/// eq. 6): |m_a - m_b|² + tr(C_a + C_b - 2 (C_a C_b)^1/2), in double; covariances over n - 1. a [N,E], b
/// [M,E]. Which embedding belongs to the figure's name. Throws UsageError for less than two rows, other
/// widths, numbers that are not finite.
double frechet_distance(const Tensor& a_NE, const Tensor& b_ME);

}  // namespace conclave
