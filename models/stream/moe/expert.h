/// One expert of the adaptive mixture.
#pragma once

#include <memory>

#include "models/stream/base/archive.h"
#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {

/// A row as it came and as numbers (InputScaler).
struct EncodedRow {
  const double* x;
  const float* z_D;
};

class Expert {
 public:
  virtual ~Expert() = default;
  /// Shares of the classes for the row; then, when label >= 0 and weight > 0, learns it.
  virtual void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) = 0;
  /// Whether it can learn without voting, much more cheaply.
  virtual bool learns_alone() const { return false; }
  virtual void learn(const EncodedRow&, int, double) {}
  virtual void grow_classes(int classes) = 0;
  /// The tree, when it is one.
  virtual const HoeffdingTree* tree() const { return nullptr; }
  virtual size_t bytes() const = 0;
  virtual void fields(Archive& archive) = 0;
};

using ExpertPtr = std::unique_ptr<Expert>;

ExpertPtr make_tree_expert(const Schema& schema, const TreeOptions& options, uint64_t seed, int classes);
/// Naive Bayes over about the newest `memory` rows: older ones fade.
ExpertPtr make_fading_bayes_expert(const Schema& schema, int classes, double memory);
/// Multinomial logistic regression; each weight has a step size of its own (AdaGrad, Duchi et al., 2011),
/// which `memory` rows keep from going to 0. `robust` learns with LabelNoise.
ExpertPtr make_linear_expert(int width, int classes, double rate, double memory, bool robust);
/// The k nearest of the newest `window` rows, the nearer the heavier.
ExpertPtr make_nearest_expert(int used, int classes, int window, int k);
/// One hidden layer of rectified units, trained by Adam (Kingma and Ba, 2015) row by row.
ExpertPtr make_neural_expert(int width, int classes, int hidden, double rate, uint64_t seed);

}  // namespace conclave::stream
