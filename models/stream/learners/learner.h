/// What learns from a stream, row by row.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "models/stream/base/archive.h"
#include "models/stream/source.h"
#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {

/// Whom the router of a mixture believed, summed over rows.
struct ExpertUse {
  int64_t rows = 0;
  std::vector<uint32_t> led;   ///< by expert: rows in which it had the largest weight
  std::vector<float> weights;  ///< by expert: sum of its weights, those below 0 left out
};

/// A classifier, or a regression: then there is one class, whose vote is the predicted number. Rows come in
/// order; nothing depends on the size of the blocks or the number of threads.
class Learner {
 public:
  virtual ~Learner() = default;
  virtual int classes() const = 0;
  /// Classes may be added at any time, never taken away.
  virtual void grow_classes(int classes) = 0;
  /// Shares of the classes, summing to 1, or all 0 when nothing is known.
  virtual void votes(const double* x, double* votes_C) = 0;
  virtual void learn(const double* x, int label, double weight) = 0;
  virtual bool regression() const { return false; }
  /// Learns a row by what stands in its label: the index of a class, or the target of a regression.
  virtual void learn_target(const double* x, double y, double weight) {
    learn(x, static_cast<int>(y), weight);
  }
  /// Each row is voted on, votes_TC, and then learned, if it has a label.
  virtual void test_then_train(const RowBlock& rows, double* votes_TC);
  virtual size_t bytes() const = 0;
  /// What it is made of at the moment.
  virtual Json describe() const { return Json::object(); }
  /// Things that happened since the last call: drifts, births, deaths.
  virtual std::vector<std::string> take_events() { return {}; }
  /// Of a mixture: the router's choices since the last call.
  virtual ExpertUse take_use() { return {}; }
  /// The trees that it is made of, for those who show them.
  virtual std::vector<TreeView> trees() const { return {}; }
  virtual void fields(Archive& archive) = 0;

 protected:
  /// learn() for those who learn by blocks: test_then_train of one row of `width` values.
  void learn_as_block(const double* x, int width, int label);
};

using LearnerPtr = std::unique_ptr<Learner>;

struct LearnerContext {
  Schema schema;
  uint64_t seed = 0;
  int threads = 1;
};

std::vector<std::string> learner_names();
/// Of those, the ones that predict numbers.
std::vector<std::string> regressor_names();
/// Whether a learner predicts numbers and nothing else. UsageError for a name that is none.
bool only_regresses(const std::string& learner);
/// {"learner": "arf", ...}: the keys are the options of that learner. UsageError.
LearnerPtr make_learner(const Json& config, const LearnerContext& context);

}  // namespace conclave::stream
