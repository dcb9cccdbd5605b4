/// Training a ReaderModel on outlined and labelled pictures.
#pragma once

#include <functional>
#include <utility>

#include "framework/moe/loss.h"
#include "framework/moe/step_counts.h"
#include "framework/moe/trace.h"
#include "framework/train/train_task.h"
#include "models/ultrasound/augment.h"
#include "models/ultrasound/outliers.h"
#include "models/ultrasound/rater_distance.h"
#include "models/ultrasound/reader_model.h"

namespace conclave::ultrasound {

/// A picture on its task's canvas, with what is known of it.
struct LabelledPicture {
  int64_t task = 0;
  Tensor grey_HW;              ///< uint8
  Tensor mask_HW;              ///< uint8, 255 inside; undefined: not outlined
  std::vector<int64_t> field;  ///< the value of each of the task's fields, -1 unknown
  /// Of each field what raters who differ say, in shares; empty: `field`. Shorter: the same for the rest.
  std::vector<std::vector<double>> shares = {};
  Tensor raters_RHW =
      {};  ///< uint8, what each of several raters outlined, whose mean mask_HW is; or undefined
};

struct ReaderLosses {
  double overlap = 1, pixels = 1;  ///< of the outline: soft Dice, cross entropy
  RaterLoss raters;                ///< between drawn outlines and those of several raters; weight 0: none
  std::map<std::string, double> fields;  ///< weight of each field's cross entropy; not named: 1
  double label_smoothing = 0.05;
  double known = 0.5;                 ///< of telling pictures of the task from others
  double outlier_share = 0.15;        ///< others beside a batch; 0: none
  std::vector<std::string> mirrored;  ///< fields that a picture with left and right exchanged says nothing of
  Json routing = Json::array();       ///< losses of docs/moe-losses.md
};
/// Keys as the members are called. Throws UsageError that names the key.
ReaderLosses parse_reader_losses(const Json& json, const std::string& path);

class ReaderTask : public TrainTask {
 public:
  /// `model` and the pictures outlive the task. `augment` has one entry for each of the model's tasks;
  /// `others`, by task, are pictures of other things on its canvas, beside those that are made.
  ReaderTask(ReaderModel& model, const std::vector<LabelledPicture>& pictures, ReaderLosses losses,
             std::vector<AugmentOptions> augment, std::vector<std::vector<Tensor>> others = {});

  Module& model() override { return model_; }
  int64_t items() const override { return static_cast<int64_t>(pictures_.size()); }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override { return evaluation ? evaluation() : Metrics{}; }
  void after_step(int64_t step) override;
  /// Where the tokens of all training passes since the last call went.
  Trace take_trace() { return std::exchange(trace_, {}); }

  std::function<Metrics()> evaluation;

 private:
  Tensor task_loss(int64_t task, const std::vector<int64_t>& items, MicroBatch& batch, Metrics& metrics);

  ReaderModel& model_;
  const std::vector<LabelledPicture>& pictures_;
  ReaderLosses settings_;
  std::vector<AugmentOptions> augment_;
  std::vector<std::vector<Tensor>> others_;
  Ptr<Loss> routing_loss_;  ///< null: none
  StepCounts counts_;
  Trace trace_;
};

}  // namespace conclave::ultrasound
