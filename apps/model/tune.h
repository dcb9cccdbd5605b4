/// conclave-model tune: an adapter learnt on a published model.
#pragma once

#include "apps/common/verb.h"
#include "framework/train/train_options.h"
#include "models/checkpoint/fresh_adapter.h"
#include "models/checkpoint/tune_task.h"

namespace conclave {

class ModelTuneVerb : public Verb {
 public:
  std::string name() const override { return "tune"; }
  std::string summary() const override {
    return "Learn a LoRA or DoRA adapter, or a bank of LoRA experts, on a frozen model; resumes";
  }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  /// The rows to learn from and those to evaluate on.
  std::pair<std::vector<TuneRow>, std::vector<TuneRow>> rows(const PublishedText& text,
                                                             const RowPictures* pictures) const;
  TrainOptions train_options(const CommonOptions& common) const;
  /// Makes the folder with a fresh adapter, or checks that a begun one was begun alike.
  void begin(const CheckpointFolder& base, const CommonOptions& common) const;

  std::filesystem::path folder_, data_, valid_, out_, from_;
  std::string weights_;
  AdapterPlan plan_;
  int64_t longest_ = 512, steps_ = 200, batch_ = 4, accumulate_ = 1, every_ = 50;
  double rate_ = 2e-4;
};

}  // namespace conclave
