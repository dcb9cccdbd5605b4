/// What was said in a short clip, or who said it: convolutions over a log-mel spectrum.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/nn/linear.h"
#include "framework/nn/norm.h"
#include "framework/train/train_task.h"
#include "models/audio/conv1d.h"

namespace conclave {

struct ClipClassifier : Module {
  std::vector<std::string> labels;
  int64_t sample_rate = 8000, bands = 40;
  double seconds = 1.2;  ///< of a clip that count
  std::vector<Ptr<Conv1d>> convs;
  std::vector<Ptr<LayerNorm>> norms;
  Linear to_embedding, head;

  ClipClassifier(std::vector<std::string> labels, int64_t sample_rate, int64_t width, int64_t embedding);
  /// Clips [N] of any length and level as the network hears them: [seconds · rate], zeros behind.
  Tensor prepare(const Tensor& clip_N) const;
  /// Prepared clips [B,N] -> embeddings [B,E].
  Tensor embed(const Tensor& clips_BN) const;
  Tensor logits(const Tensor& embeddings_BE) const { return head.forward(embeddings_BE); }
  /// Place of the most probable label of one clip.
  int64_t classify(const Tensor& clip_N) const;
  /// The embedding of one clip, of length 1.
  Tensor voice(const Tensor& clip_N) const;
  void visit(Visitor& v) override;
};

/// {"kind": "classifier", "labels": [..], "sample_rate": 8000, "width": 96, "embedding": 64}; UsageError
/// names the key.
Ptr<ClipClassifier> make_clip_classifier(const Json& config);

struct LabelledClip {
  Tensor samples_N;
  int64_t label = 0;
};

/// Training of a classifier: clips are moved, made louder, slower and noisier by chance. evaluate() reports
/// "accuracy" and "loss" on held-out clips as they are.
class ClassifierTask : public TrainTask {
 public:
  ClassifierTask(Ptr<ClipClassifier> model, std::vector<LabelledClip> clips,
                 std::vector<LabelledClip> held_out);
  Module& model() override { return *model_; }
  int64_t items() const override { return static_cast<int64_t>(clips_.size()); }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;

 private:
  Ptr<ClipClassifier> model_;
  std::vector<LabelledClip> clips_, held_out_;
};

}  // namespace conclave
