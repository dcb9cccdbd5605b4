/// A moving average of the weights, often better to evaluate and ship than the last step's.
#pragma once

#include <vector>

#include "framework/tensor/module.h"

namespace conclave {

/// Averages the parameters that require grad. The decay grows as (1+t)/(10+t) up to `decay`, so that the
/// start is forgotten.
class Ema : public Module {
 public:
  Ema(Module& model, double decay);
  void update();
  /// Exchanges the model's weights with the average; a second call exchanges back.
  void swap();
  /// The averages under the parameters' names, and updates [1].
  void visit(Visitor& v) override;

 private:
  std::vector<NamedTensor> parameters_;
  std::vector<Tensor> average_;
  Tensor updates_;  // int64 [1]
  double decay_;
};

/// The average stands in for the weights within a scope.
class EmaScope {
 public:
  explicit EmaScope(Ema* ema) : ema_(ema) {
    if (ema_) ema_->swap();
  }
  ~EmaScope() {
    if (ema_) ema_->swap();
  }
  EmaScope(const EmaScope&) = delete;
  EmaScope& operator=(const EmaScope&) = delete;

 private:
  Ema* ema_;
};

}  // namespace conclave
