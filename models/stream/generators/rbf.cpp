// Random radial basis functions: weighted centroids with a class and a spread each, which may wander through
// the unit cube.
#include <algorithm>

#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

class Rbf final : public Generator {
 public:
  explicit Rbf(const GeneratorOptions& o) : random_(o.seed), width_(o.attributes), speed_(o.speed) {
    schema_.name = "rbf";
    for (int i = 0; i < width_; ++i)
      schema_.inputs.push_back(Attribute::numeric(fmt::format("att{}", i + 1)));
    schema_.label.name = "class";
    schema_.label.nominal = true;
    for (int c = 0; c < o.classes; ++c) schema_.label.values.push_back(fmt::format("class{}", c + 1));
    JavaRandom model(o.model_seed);
    for (int i = 0; i < o.centroids; ++i) {
      for (int j = 0; j < width_; ++j) centres_.push_back(model.next_double());
      labels_.push_back(model.next_int(o.classes));
      spreads_.push_back(model.next_double());
      weights_.push_back(model.next_double());
      total_weight_ += weights_.back();
    }
    drifting_ = std::min(o.centroids, o.centroids_drifting);
    JavaRandom again(o.model_seed);  // MOA draws velocities from a second generator of the same seed
    for (int i = 0; i < drifting_; ++i) {
      double square = 0;
      for (int j = 0; j < width_; ++j) {
        velocities_.push_back(again.next_double());
        square += velocities_.back() * velocities_.back();
      }
      const double norm = std::sqrt(square);
      for (int j = 0; j < width_; ++j) velocities_[i * width_ + j] /= norm;
    }
  }
  double next(double* x) override {
    for (size_t i = 0; i < velocities_.size(); ++i) {
      centres_[i] += velocities_[i] * speed_;
      if (centres_[i] > 1) {
        centres_[i] = 1;
        velocities_[i] = -velocities_[i];
      } else if (centres_[i] < 0) {
        centres_[i] = 0;
        velocities_[i] = -velocities_[i];
      }
    }
    const int chosen = choose();
    double square = 0;
    for (int j = 0; j < width_; ++j) {
      x[j] = random_.next_double() * 2.0 - 1.0;
      square += x[j] * x[j];
    }
    const double scale = random_.next_gaussian() * spreads_[chosen] / std::sqrt(square);
    for (int j = 0; j < width_; ++j) x[j] = centres_[chosen * width_ + j] + x[j] * scale;
    return labels_[chosen];
  }

 private:
  int choose() {
    const double at = random_.next_double() * total_weight_;
    double sum = 0;
    size_t index = 0;
    while (sum <= at && index < weights_.size()) sum += weights_[index++];
    return static_cast<int>(index) - 1;
  }

  JavaRandom random_;
  int width_, drifting_ = 0;
  double speed_, total_weight_ = 0;
  std::vector<double> centres_, velocities_, spreads_, weights_;
  std::vector<int> labels_;
};

}  // namespace

GeneratorPtr make_rbf(const GeneratorOptions& options) {
  return std::make_unique<Rbf>(options);
}

}  // namespace conclave::stream
