#include "models/ultrasound/rater_distance.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/config_object.h"

namespace conclave::ultrasound {
namespace {

constexpr int64_t kMaxSamples = 64;
constexpr int kSinkhornRounds = 50;

// Mean over pairs of different ones; 0 of one alone.
Tensor mean_between(const Tensor& distance_NKK) {
  const int64_t count = distance_NKK.size(1);
  if (count < 2) return at::zeros({distance_NKK.size(0)});
  return distance_NKK.sum({1, 2}) / static_cast<double>(count * (count - 1));
}

// Transport between sets whose members weigh the same, by Sinkhorn's rounds on the potentials.
Tensor transport(const Tensor& cost_NAB, double blur) {
  const double log_a = -std::log(cost_NAB.size(1)), log_b = -std::log(cost_NAB.size(2));
  Tensor f_NA1 = at::zeros({cost_NAB.size(0), cost_NAB.size(1), 1}), g_N1B;
  for (int round = 0; round < kSinkhornRounds; ++round) {
    g_N1B = -blur * ((f_NA1 - cost_NAB) / blur + log_a).logsumexp(1, /*keepdim=*/true);
    f_NA1 = -blur * ((g_N1B - cost_NAB) / blur + log_b).logsumexp(2, /*keepdim=*/true);
  }
  return f_NA1.mean({1, 2}) + g_N1B.mean({1, 2});
}

}  // namespace

RaterLoss parse_rater_loss(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  RaterLoss loss;
  loss.weight = config.get("weight", 1.0);
  require<UsageError>(loss.weight > 0 && loss.weight <= 1e6, "{} = {}: must be above 0 and at most 1e6",
                      config.name("weight"), loss.weight);
  loss.samples = config.get_integer("samples", loss.samples, 2);
  require<UsageError>(loss.samples <= kMaxSamples, "{} = {}: must be from 2 to {}", config.name("samples"),
                      loss.samples, kMaxSamples);
  const auto distance = config.get("distance", std::string("energy"));
  require<UsageError>(distance == "energy" || distance == "sinkhorn",
                      "{} = {}: there are energy and sinkhorn", config.name("distance"), distance);
  loss.distance = distance == "energy" ? SetDistance::energy : SetDistance::sinkhorn;
  loss.blur = config.get("blur", loss.blur);
  require<UsageError>(loss.blur >= 0.001 && loss.blur <= 1000, "{} = {}: must be from 0.001 to 1000",
                      config.name("blur"), loss.blur);
  config.finish();
  return loss;
}

Tensor jaccard_distance(const Tensor& a_NAP, const Tensor& b_NBP) {
  // |a - b| = max - min, and a + b = max + min.
  const Tensor apart_NAB = at::cdist(a_NAP, b_NBP, /*p=*/1);
  const Tensor sum_NAB = a_NAP.sum(2).unsqueeze(2) + b_NBP.sum(2).unsqueeze(1);
  return 2 * apart_NAB / (sum_NAB + apart_NAB).clamp_min(1e-6);
}

Tensor energy_distance(const Tensor& samples_NSP, const Tensor& raters_NRP) {
  return 2 * jaccard_distance(samples_NSP, raters_NRP).mean({1, 2}) -
         mean_between(jaccard_distance(samples_NSP, samples_NSP)) -
         mean_between(jaccard_distance(raters_NRP, raters_NRP));
}

Tensor sinkhorn_divergence(const Tensor& samples_NSP, const Tensor& raters_NRP, double blur) {
  return transport(jaccard_distance(samples_NSP, raters_NRP), blur) -
         0.5 * transport(jaccard_distance(samples_NSP, samples_NSP), blur) -
         0.5 * transport(jaccard_distance(raters_NRP, raters_NRP), blur);
}

Tensor rater_distance(const Tensor& samples_NSP, const Tensor& raters_NRP, const RaterLoss& loss) {
  return loss.distance == SetDistance::energy ? energy_distance(samples_NSP, raters_NRP)
                                              : sinkhorn_divergence(samples_NSP, raters_NRP, loss.blur);
}

}  // namespace conclave::ultrasound
