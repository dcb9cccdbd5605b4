/// How far outlines that a reader draws are from those of several raters, as sets: what a reader that gives
/// each picture many plausible outlines learns from (PULASki, arXiv 2312.15686).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "framework/base/json.h"

namespace conclave::ultrasound {

using at::Tensor;

enum class SetDistance { energy, sinkhorn };

struct RaterLoss {
  double weight = 0;
  int64_t samples = 8;  ///< outlines drawn of each picture
  SetDistance distance = SetDistance::energy;
  double blur = 0.1;  ///< of sinkhorn: the entropy's weight; many give the energy distance
};
/// {"weight", "samples", "distance": "energy" or "sinkhorn", "blur"}. Throws UsageError that names the key.
RaterLoss parse_rater_loss(const Json& json, const std::string& path);

/// Soft Jaccard distance 1 - sum min(a, b) / sum max(a, b) of shares of being inside, 0 for two empty ones:
/// a [N,A,P], b [N,B,P], 0 to 1 -> [N,A,B].
Tensor jaccard_distance(const Tensor& a_NAP, const Tensor& b_NBP);

/// 2 E d(s, r) - E d(s, s') - E d(r, r') over different outlines s, s' and raters r, r' (Székely and Rizzo
/// 2013; without bias, so that it may be below 0) -> [N].
Tensor energy_distance(const Tensor& samples_NSP, const Tensor& raters_NRP);

/// Entropic optimal transport from samples to raters, less half of each to itself (Feydy et al., AISTATS
/// 2019)
/// -> [N], at least 0.
Tensor sinkhorn_divergence(const Tensor& samples_NSP, const Tensor& raters_NRP, double blur);

/// The one that `loss` names -> [N].
Tensor rater_distance(const Tensor& samples_NSP, const Tensor& raters_NRP, const RaterLoss& loss);

}  // namespace conclave::ultrasound
