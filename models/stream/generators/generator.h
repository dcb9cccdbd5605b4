/// Endless synthetic streams. Each draws from java.util.Random in MOA's order, so its rows are MOA's rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "models/stream/java_random.h"
#include "models/stream/source.h"

namespace conclave::stream {

/// One row at a time. The label is a class index (friedman: a number).
class Generator : public Source {
 public:
  const Schema& schema() const override { return schema_; }
  size_t read(RowBlock& block, size_t most) override;
  /// Writes schema().width() inputs to `x` and returns the label.
  virtual double next(double* x) = 0;

 protected:
  Schema schema_;
};

using GeneratorPtr = std::unique_ptr<Generator>;

/// Options of one generator; each reads those that it has. The names and defaults are MOA's.
struct GeneratorOptions {
  int64_t seed = 1;
  int64_t model_seed = 1;    ///< rbf, random-tree: of the concept
  int function = 1;          ///< sea, agrawal, sine, mixed, stagger, friedman
  int noise = -1;            ///< percent of labels (led: of segments) flipped; -1: 10 for sea and led, 5 else
  bool balance = false;      ///< classes in turn
  int drift_attributes = 0;  ///< led-drift, hyperplane
  int classes = 2;           ///< rbf, hyperplane, random-tree
  int attributes = 10;       ///< rbf, hyperplane
  int centroids = 50;        ///< rbf
  int centroids_drifting = 50;     ///< rbf-drift
  double speed = 0;                ///< rbf-drift: of the centroids per row
  double magnitude = 0;            ///< hyperplane: change of a weight per row
  int sigma = 10;                  ///< hyperplane: percent of rows at which a weight turns round
  double perturbation = 0.05;      ///< agrawal
  bool irrelevant = true;          ///< led, sine: with the attributes that say nothing
  int nominals = 5, numerics = 5;  ///< random-tree
  int nominal_values = 5;          ///< random-tree
  int depth = 5, first_leaf = 3;   ///< random-tree
  double leaf_fraction = 0.15;     ///< random-tree
};

/// sea, led, led-drift, rbf, rbf-drift, agrawal, hyperplane, sine, mixed, stagger, random-tree, friedman.
std::vector<std::string> generator_names();
/// Whether a generator reads an option (of GeneratorOptions, by name).
bool has_option(const std::string& generator, const std::string& option);
/// How many classification functions a generator has, numbered from 1; 0 where it has none.
int function_count(const std::string& generator);
/// UsageError for a name that is none, or options out of their range.
GeneratorPtr make_generator(const std::string& name, const GeneratorOptions& options);

GeneratorPtr make_sea(const GeneratorOptions& options);
GeneratorPtr make_led(const GeneratorOptions& options);
GeneratorPtr make_rbf(const GeneratorOptions& options);
GeneratorPtr make_agrawal(const GeneratorOptions& options);
GeneratorPtr make_hyperplane(const GeneratorOptions& options);
GeneratorPtr make_sine(const GeneratorOptions& options);
GeneratorPtr make_mixed(const GeneratorOptions& options);
GeneratorPtr make_stagger(const GeneratorOptions& options);
GeneratorPtr make_random_tree(const GeneratorOptions& options);
GeneratorPtr make_friedman(const GeneratorOptions& options);

/// Classes in turn: draws again until the wanted class comes.
class ClassBalance {
 public:
  explicit ClassBalance(bool on) : on_(on) {}
  bool takes(int label) {
    if (!on_) return true;
    if ((label == 0) != zero_next_) return false;
    zero_next_ = !zero_next_;
    return true;
  }

 private:
  bool on_, zero_next_ = false;
};

}  // namespace conclave::stream
