/// Training of an adapter on a frozen published model.
#pragma once

#include "framework/moe/loss.h"
#include "framework/moe/trace.h"
#include "framework/train/train_task.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/tune_rows.h"
#include "models/multimodal/picture_looker.h"

namespace conclave {

/// The trainable tensors of an adapter, by the published names of their first places.
struct AdapterWeights : Module {
  std::vector<std::pair<std::string, Tensor>> leaves;

  explicit AdapterWeights(const AdapterTensors& tensors);
  void visit(Visitor& v) override;
};

class TuneTask : public TrainTask {
 public:
  /// The loss is the mean cross-entropy of the asked tokens in nats, and `balance` over the routers of the
  /// model where there is one. evaluate() reports it of `held_out` as "nll". `looker` sees the rows'
  /// pictures, once each as far as it keeps them: picture parts are frozen. Throws UsageError for an adapter
  /// on them.
  TuneTask(Ptr<Multimodal> model, AdapterTensors adapter, std::vector<TuneRow> rows,
           std::vector<TuneRow> held_out, Ptr<Loss> balance, Ptr<PictureLooker> looker = nullptr);

  Module& model() override { return weights_; }
  int64_t items() const override { return std::ssize(rows_); }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;

  const AdapterTensors& adapter() const { return adapter_; }
  /// Where tokens went since the last call.
  Trace take_trace() { return std::exchange(trace_, {}); }

 private:
  /// Sum over the asked tokens of some rows, and how many they are.
  std::pair<Tensor, int64_t> summed(const std::vector<const TuneRow*>& rows, TokenContext context) const;

  Ptr<Multimodal> model_;
  AdapterTensors adapter_;
  AdapterWeights weights_;
  std::vector<TuneRow> rows_, held_out_;
  Ptr<Loss> balance_;
  Ptr<PictureLooker> looker_;
  Trace trace_;
};

}  // namespace conclave
