/// Teaches a vision encoder to see box scenes before anything is asked: from each token, what lies at every
/// point of its patch. The head serves this training alone.
#pragma once

#include "framework/blocks/vision.h"
#include "framework/media/picture_input.h"
#include "framework/nn/linear.h"
#include "framework/train/train_task.h"

namespace conclave {

class PerceptionTask : public TrainTask {
 public:
  /// `scenes` a micro-batch. The encoder's tile is one box.
  PerceptionTask(Ptr<VisionEncoder> vision, int64_t tile_size, int64_t scenes, PictureInputConfig picture);

  Module& model() override { return model_; }
  int64_t items() const override { return 0; }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;

 private:
  struct Model : Module {
    Ptr<VisionEncoder> vision;
    Linear head;
    void visit(Visitor& v) override {
      v.child("vision", vision);
      v.child("head", head);
    }
  };
  StepLoss loss_of(Random& random);

  Model model_;
  int64_t scenes_, rows_, points_;  // points: along a side of a token's patch
  PictureInputConfig picture_;
};

}  // namespace conclave
