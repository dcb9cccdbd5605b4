// SEA concepts (Street and Kim, 2001): two of three attributes, a threshold on their sum.
#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

class Sea final : public Generator {
 public:
  explicit Sea(const GeneratorOptions& o)
      : random_(o.seed),
        threshold_(kThresholds[o.function - 1]),
        noise_(o.noise < 0 ? 10 : o.noise),
        balance_(o.balance) {
    schema_.name = "sea";
    for (const char* name : {"attrib1", "attrib2", "attrib3"})
      schema_.inputs.push_back(Attribute::numeric(name));
    schema_.label = Attribute::named("class", {"groupA", "groupB"});
  }
  double next(double* x) override {
    int label;
    do {
      for (int i = 0; i < 3; ++i) x[i] = 10 * random_.next_double();
      label = x[0] + x[1] <= threshold_ ? 0 : 1;
    } while (!balance_.takes(label));
    return random_.percent(noise_) ? 1 - label : label;
  }

 private:
  static constexpr double kThresholds[] = {8, 9, 7, 9.5};
  JavaRandom random_;
  double threshold_;
  int noise_;
  ClassBalance balance_;
};

}  // namespace

GeneratorPtr make_sea(const GeneratorOptions& options) {
  return std::make_unique<Sea>(options);
}

}  // namespace conclave::stream
