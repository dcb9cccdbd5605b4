// Friedman's function (1991) as a stream of numbers: five of ten attributes matter, one pair of them
// together.
#include <cmath>

#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

class Friedman final : public Generator {
 public:
  explicit Friedman(const GeneratorOptions& o) : random_(o.seed), shift_(o.function - 1) {
    schema_.name = "friedman";
    for (int j = 0; j < kWidth; ++j)
      schema_.inputs.push_back(Attribute::numeric(fmt::format("att{}", j + 1)));
    schema_.label = Attribute::numeric("target");
  }
  double next(double* x) override {
    for (int j = 0; j < kWidth; ++j) x[j] = random_.next_double();
    const auto at = [&](int j) { return x[(j + shift_) % kWidth]; };
    constexpr double kPi = 3.14159265358979323846;
    return 10 * std::sin(kPi * at(0) * at(1)) + 20 * (at(2) - 0.5) * (at(2) - 0.5) + 10 * at(3) + 5 * at(4) +
           random_.next_gaussian();
  }

 private:
  static constexpr int kWidth = 10;
  JavaRandom random_;
  int shift_;  // which attributes matter
};

}  // namespace

GeneratorPtr make_friedman(const GeneratorOptions& options) {
  return std::make_unique<Friedman>(options);
}

}  // namespace conclave::stream
