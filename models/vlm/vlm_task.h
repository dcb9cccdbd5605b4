/// Training a Vlm: pictures with several questions each, drawn from weighted sources.
#pragma once

#include <functional>

#include "framework/moe/loss.h"
#include "framework/moe/step_counts.h"
#include "framework/train/train_task.h"
#include "models/vlm/vlm.h"
#include "models/vlm/vlm_batch.h"

namespace conclave {

/// A question's pictures and some questions about them.
struct VqaDraw {
  Tensor tiles_N3SS;                                           ///< float; [0,3,S,S] without pictures
  std::vector<std::pair<std::string, std::string>> questions;  ///< question, answer
};

struct VqaSource {
  virtual ~VqaSource() = default;
  /// `pictures` draws with exactly `questions` questions each. The same `random` gives the same draws.
  virtual std::vector<VqaDraw> draw(Random& random, int64_t pictures, int64_t questions) = 0;
  /// Questions and answers for a tokenizer to learn from.
  virtual std::vector<std::string> texts() = 0;
};

/// A source's part in the mixture. A micro-batch comes from one source: `pictures` draws of `questions` each.
struct VqaShare {
  std::string name;
  Ptr<VqaSource> source;
  double weight = 1;
  int64_t pictures = 16;
  int64_t questions = 1;
};

class VlmTask : public TrainTask {
 public:
  /// `model` and `tokenizer` outlive the task.
  VlmTask(Vlm& model, const Tokenizer& tokenizer, std::vector<VqaShare> shares,
          std::vector<Ptr<Loss>> losses);

  Module& model() override { return model_; }
  /// Endless: sources draw by the random stream of the micro-batch.
  int64_t items() const override { return 0; }
  StepLoss loss(MicroBatch& batch) override;
  /// Share of questions from `source` whose whole answer is right, over `batches` draws that only `seed`
  /// decides.
  double accuracy(const VqaShare& share, int64_t batches, uint64_t seed) const;
  Metrics evaluate() override { return evaluation ? evaluation() : Metrics{}; }
  void after_step(int64_t step) override;

  std::function<Metrics()> evaluation;

 private:
  struct Answers {
    Tensor logits_AV, target_A, row_A;
    int64_t rows = 0;
  };
  const VqaShare& choose(Random& random) const;
  Answers answers(const VqaShare& share, Random& random, const TokenContext& context) const;

  Vlm& model_;
  const Tokenizer& tokenizer_;
  VlmTokens tokens_;
  std::vector<VqaShare> shares_;
  std::vector<Ptr<Loss>> losses_;
  StepCounts counts_;
};

}  // namespace conclave
