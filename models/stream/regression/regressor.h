/// Learners of numbers.
#pragma once

#include <cmath>

#include "framework/base/config_object.h"
#include "models/stream/learners/learner.h"

namespace conclave::stream {

/// What they have in common: one class, whose vote is the prediction.
class Regressor : public Learner {
 public:
  int classes() const final { return 1; }
  void grow_classes(int) final {}
  bool regression() const final { return true; }
  void votes(const double* x, double* votes_C) final { votes_C[0] = predict(x); }
  void learn(const double* x, int label, double weight) final { learn_target(x, label, weight); }
  void learn_target(const double* x, double y, double weight) final {
    if (weight > 0 && std::isfinite(y)) take(x, y, weight);
  }
  void test_then_train(const RowBlock& rows, double* predictions_T) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      const double* const x = rows.row(i).data();
      predictions_T[i] = predict(x);
      learn_target(x, rows.y[i], 1);
    }
  }

 private:
  virtual double predict(const double* x) = 0;
  /// Learns a row with a finite target and a weight above 0.
  virtual void take(const double* x, double y, double weight) = 0;
};

LearnerPtr make_fimt_dd(ConfigObject& c, const LearnerContext& context);
LearnerPtr make_linear_regressor(ConfigObject& c, const LearnerContext& context);
LearnerPtr make_arf_regressor(ConfigObject& c, const LearnerContext& context);
/// Streaming gradient-boosted trees (Gunasekara et al., 2024), for classes and for numbers.
LearnerPtr make_sgbt(ConfigObject& c, const LearnerContext& context);

}  // namespace conclave::stream
