// SINE and Mixed (Gama et al., 2004) and STAGGER (Schlimmer and Granger, 1986).
#include <numbers>

#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

bool below_wave(double x, double y) {
  return y < 0.5 + 0.3 * std::sin(3 * std::numbers::pi * x);
}

class Sine final : public Generator {
 public:
  explicit Sine(const GeneratorOptions& o)
      : random_(o.seed), function_(o.function), irrelevant_(o.irrelevant ? 2 : 0), balance_(o.balance) {
    schema_.name = "sine";
    for (int i = 0; i < 2 + irrelevant_; ++i)
      schema_.inputs.push_back(Attribute::numeric(fmt::format("att{}", i + 1)));
    schema_.label = Attribute::named("class", {"positive", "negative"});
  }
  double next(double* x) override {
    int label;
    do {
      x[0] = random_.next_double();
      x[1] = random_.next_double();
      const bool below = function_ <= 2 ? x[1] < std::sin(x[0]) : below_wave(x[0], x[1]);
      label = below == (function_ % 2 == 1) ? 0 : 1;
    } while (!balance_.takes(label));
    for (int i = 0; i < irrelevant_; ++i) x[2 + i] = random_.next_double();
    return label;
  }

 private:
  JavaRandom random_;
  int function_, irrelevant_;
  ClassBalance balance_;
};

class Mixed final : public Generator {
 public:
  explicit Mixed(const GeneratorOptions& o) : random_(o.seed), function_(o.function), balance_(o.balance) {
    schema_.name = "mixed";
    schema_.inputs = {Attribute::counted("v", 2), Attribute::counted("w", 2), Attribute::numeric("x"),
                      Attribute::numeric("y")};
    schema_.label = Attribute::named("class", {"positive", "negative"});
  }
  double next(double* x) override {
    int label;
    do {
      for (int i = 0; i < 2; ++i) x[i] = random_.next_double() < 0.5 ? 0 : 1;
      for (int i = 2; i < 4; ++i) x[i] = random_.next_double();
      const bool two_hold = x[0] + x[1] + below_wave(x[2], x[3]) >= 2;
      label = two_hold == (function_ == 1) ? 0 : 1;
    } while (!balance_.takes(label));
    return label;
  }

 private:
  JavaRandom random_;
  int function_;
  ClassBalance balance_;
};

class Stagger final : public Generator {
 public:
  explicit Stagger(const GeneratorOptions& o) : random_(o.seed), function_(o.function), balance_(o.balance) {
    schema_.name = "stagger";
    schema_.inputs = {Attribute::named("size", {"small", "medium", "large"}),
                      Attribute::named("color", {"red", "blue", "green"}),
                      Attribute::named("shape", {"circle", "square", "triangle"})};
    schema_.label = Attribute::named("class", {"false", "true"});
  }
  double next(double* x) override {
    int label;
    do {
      for (int i = 0; i < 3; ++i) x[i] = random_.next_int(3);
      label = function_ == 1 ? x[0] == 0 && x[1] == 0 : function_ == 2 ? x[1] == 2 || x[2] == 0 : x[0] != 0;
    } while (!balance_.takes(label));
    return label;
  }

 private:
  JavaRandom random_;
  int function_;
  ClassBalance balance_;
};

}  // namespace

GeneratorPtr make_sine(const GeneratorOptions& options) {
  return std::make_unique<Sine>(options);
}
GeneratorPtr make_mixed(const GeneratorOptions& options) {
  return std::make_unique<Mixed>(options);
}
GeneratorPtr make_stagger(const GeneratorOptions& options) {
  return std::make_unique<Stagger>(options);
}

}  // namespace conclave::stream
