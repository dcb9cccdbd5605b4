/// Teaches a model to see box scenes before anything is asked: each token tells what lies at every point of
/// its patch, and each tile's first register, once the decoder's first layers have read it, how many items of
/// every sort the box has. The heads serve this training alone.
#pragma once

#include "datasets/scenes/scene.h"
#include "framework/media/picture_input.h"
#include "framework/nn/linear.h"
#include "framework/train/train_task.h"
#include "models/vlm/vlm.h"

namespace conclave {

class PerceptionTask : public TrainTask {
 public:
  /// `scenes` a micro-batch. A tile is one box; without registers the encoder alone is trained. `vlm`
  /// outlives the task. Throws UsageError for an encoder whose tokens do not divide a box.
  PerceptionTask(Vlm& vlm, int64_t scenes, PictureInputConfig picture);

  Module& model() override { return parts_; }
  int64_t items() const override { return 0; }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;
  static constexpr const char* kHeldOutLoss = "held_out.loss";

 private:
  struct Parts : Module {
    Vlm* vlm = nullptr;
    Linear point_head, count_head;
    void visit(Visitor& v) override {
      vlm->visit(v);
      v.child("point_head", point_head);
      if (vlm->registers() > 0) v.child("count_head", count_head);
    }
  };
  struct Drawn {
    Tensor tiles_BN3SS;
    std::vector<scenes::Box> boxes;  // B·N
  };
  Drawn draw(Random& random) const;
  StepLoss loss_of(Random& random);
  Tensor points_loss(const FeatureGrid& seen, const std::vector<scenes::Box>& boxes, Metrics& metrics) const;
  Tensor counts_loss(const FeatureGrid& seen, const std::vector<scenes::Box>& boxes, Metrics& metrics) const;

  Parts parts_;
  Transformer early_;               // the decoder's first layers
  int64_t scenes_, rows_, points_;  // points: along a side of a token's patch
  PictureInputConfig picture_;
};

}  // namespace conclave
