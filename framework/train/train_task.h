/// What a model brings to be trained: its tensors, a loss for some items, and, where it has them, an
/// evaluation and state of its own.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/base/random.h"
#include "framework/tensor/module.h"

namespace conclave {

using Metrics = std::map<std::string, double>;

/// One micro-batch of an optimiser step.
struct MicroBatch {
  std::vector<int64_t> items;  ///< indices below TrainTask::items(), or running numbers for endless data
  int64_t step = 0;            ///< optimiser step, from 0
  int64_t part = 0;            ///< place within the accumulation
  double epoch = 0;
  Random random{0};  ///< a stream of this micro-batch alone: augmentation, cropping
};

/// A mean over `weight` equal things (tokens, pictures). Gradients and metrics of an accumulation are
/// averaged by weight, so that the step equals that of one large batch.
struct StepLoss {
  Tensor loss;  ///< scalar
  double weight = 1;
  Metrics metrics;
};

struct TrainTask {
  virtual ~TrainTask() = default;
  /// What a checkpoint holds and, where it requires grad, what is trained. Adapters over a frozen base give
  /// the adapters alone.
  virtual Module& model() = 0;
  virtual int64_t items() const = 0;
  virtual StepLoss loss(MicroBatch& batch) = 0;
  /// Without autograd; leaves ATen's random state as it was.
  virtual Metrics evaluate() { return {}; }
  /// After each update, before the evaluation: router biases, schedules. `step` updates have been made.
  virtual void after_step(int64_t step) {}
  /// State that is in no tensor of model().
  virtual Json state() const { return Json::object(); }
  virtual void restore(const Json& state) {}
};

}  // namespace conclave
