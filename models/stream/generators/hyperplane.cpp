// A hyperplane that turns (Hulten et al., 2001).
#include <algorithm>

#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

class Hyperplane final : public Generator {
 public:
  explicit Hyperplane(const GeneratorOptions& o)
      : random_(o.seed),
        noise_(o.noise < 0 ? 5 : o.noise),
        sigma_(o.sigma),
        magnitude_(o.magnitude),
        weights_(o.attributes),
        direction_(std::min(o.drift_attributes, o.attributes), 1.0) {
    schema_.name = "hyperplane";
    for (int i = 0; i < o.attributes; ++i)
      schema_.inputs.push_back(Attribute::numeric(fmt::format("att{}", i + 1)));
    schema_.label.name = "class";
    schema_.label.nominal = true;
    for (int c = 0; c < o.classes; ++c) schema_.label.values.push_back(fmt::format("class{}", c + 1));
    for (double& weight : weights_) weight = random_.next_double();
  }
  double next(double* x) override {
    double sum = 0, all = 0;
    for (size_t i = 0; i < weights_.size(); ++i) {
      x[i] = random_.next_double();
      sum += weights_[i] * x[i];
      all += weights_[i];
    }
    int label = sum >= all * 0.5 ? 1 : 0;
    if (random_.percent(noise_)) label = 1 - label;
    for (size_t i = 0; i < direction_.size(); ++i) {
      weights_[i] += direction_[i] * magnitude_;
      if (random_.percent(sigma_)) direction_[i] = -direction_[i];
    }
    return label;
  }

 private:
  JavaRandom random_;
  int noise_, sigma_;
  double magnitude_;
  std::vector<double> weights_, direction_;
};

}  // namespace

GeneratorPtr make_hyperplane(const GeneratorOptions& options) {
  return std::make_unique<Hyperplane>(options);
}

}  // namespace conclave::stream
