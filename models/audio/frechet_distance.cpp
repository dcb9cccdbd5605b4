#include "models/audio/frechet_distance.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"

namespace conclave {
namespace {

Tensor covariance(const Tensor& x_NE) {
  const Tensor centred = x_NE - x_NE.mean(0, true);
  return at::matmul(centred.t(), centred) / static_cast<double>(x_NE.size(0) - 1);
}

// Of a symmetric matrix without negative eigenvalues, but for rounding.
Tensor root(const Tensor& matrix_EE) {
  const auto [values, vectors] = at::linalg_eigh(matrix_EE);
  return at::matmul(vectors * values.clamp_min(0).sqrt(), vectors.t());
}

}  // namespace

double frechet_distance(const Tensor& a_NE, const Tensor& b_ME) {
  for (const Tensor& x : {a_NE, b_ME})
    require<UsageError>(
        x.dim() == 2 && x.size(0) >= 2 && x.size(1) == a_NE.size(-1) && at::isfinite(x).all().item<bool>(),
        "Fréchet distance: embeddings must be two or more finite rows of equal width");
  const Tensor a = a_NE.to(at::kDouble), b = b_ME.to(at::kDouble);
  const Tensor covariance_a = covariance(a), covariance_b = covariance(b), root_a = root(covariance_a);
  // (C_a C_b)^1/2 has the trace of the root of the symmetric C_a^1/2 C_b C_a^1/2.
  const Tensor both = root(at::matmul(at::matmul(root_a, covariance_b), root_a));
  const double means = (a.mean(0) - b.mean(0)).square().sum().item<double>();
  return std::max(0.0, means + (covariance_a + covariance_b - 2 * both).trace().item<double>());
}

}  // namespace conclave
