// LED display (Breiman et al., 1984): seven noisy segments and 17 that say nothing; drift swaps segments with
// those.
#include <algorithm>

#include "framework/base/error.h"
#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

constexpr int kSegments = 7, kIrrelevant = 17;
constexpr int kDigits[10][kSegments] = {{1, 1, 1, 0, 1, 1, 1}, {0, 0, 1, 0, 0, 1, 0}, {1, 0, 1, 1, 1, 0, 1},
                                        {1, 0, 1, 1, 0, 1, 1}, {0, 1, 1, 1, 0, 1, 0}, {1, 1, 0, 1, 0, 1, 1},
                                        {1, 1, 0, 1, 1, 1, 1}, {1, 0, 1, 0, 0, 1, 0}, {1, 1, 1, 1, 1, 1, 1},
                                        {1, 1, 1, 1, 0, 1, 1}};

class Led final : public Generator {
 public:
  explicit Led(const GeneratorOptions& o)
      : random_(o.seed),
        noise_(o.noise < 0 ? 10 : o.noise),
        width_(kSegments + (o.irrelevant ? kIrrelevant : 0)) {
    require<UsageError>(o.drift_attributes <= kSegments, "led: drift_attributes = {} is not in 0..7",
                        o.drift_attributes);
    schema_.name = "led";
    for (int i = 0; i < width_; ++i)
      schema_.inputs.push_back(Attribute::counted(fmt::format("att{}", i + 1), 2));
    schema_.label = Attribute::counted("class", 10);
    for (int i = 0; i < width_; ++i) place_[i] = i;
    for (int i = 0; o.irrelevant && i < o.drift_attributes; ++i) std::swap(place_[i], place_[i + kSegments]);
  }
  double next(double* x) override {
    const int digit = random_.next_int(10);
    for (int i = 0; i < kSegments; ++i) {
      const int lit = kDigits[digit][i];
      x[place_[i]] = random_.percent(noise_) ? 1 - lit : lit;
    }
    for (int i = kSegments; i < width_; ++i) x[place_[i]] = random_.next_int(2);
    return digit;
  }

 private:
  JavaRandom random_;
  int noise_, width_;
  int place_[kSegments + kIrrelevant];
};

}  // namespace

GeneratorPtr make_led(const GeneratorOptions& options) {
  return std::make_unique<Led>(options);
}

}  // namespace conclave::stream
