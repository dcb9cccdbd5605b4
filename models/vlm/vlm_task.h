/// Training a Vlm: pictures with several questions each, drawn from weighted sources.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "framework/moe/loss.h"
#include "framework/moe/step_counts.h"
#include "framework/moe/trace.h"
#include "framework/train/train_task.h"
#include "models/vlm/vlm.h"
#include "models/vlm/vlm_batch.h"

namespace conclave {

/// What training asks. Hints are facts beside the answer that the model learns to tell halfway to it.
struct AskedQuestion {
  std::string text, answer;
  std::vector<int64_t> hints = {};  ///< one for each of VqaSource::hint_classes(), -1 where unknown; or none
};

/// A question's pictures and some questions about them.
struct VqaDraw {
  Tensor tiles_N3SS;  ///< float; [0,3,S,S] without pictures
  std::vector<AskedQuestion> questions;
};

struct VqaSource {
  virtual ~VqaSource() = default;
  /// `pictures` draws with exactly `questions` questions each. The same `random` gives the same draws.
  virtual std::vector<VqaDraw> draw(Random& random, int64_t pictures, int64_t questions) = 0;
  /// Questions and answers for a tokenizer to learn from.
  virtual std::vector<std::string> texts() = 0;
  /// How many values each hint can have; empty: no hints.
  virtual std::vector<int64_t> hint_classes() const { return {}; }
};

/// A source's part in the mixture. A micro-batch comes from one source: `pictures` draws of `questions` each.
struct VqaShare {
  std::string name;
  Ptr<VqaSource> source;
  double weight = 1;
  int64_t pictures = 16;
  int64_t questions = 1;
};

/// The answer to a question is taught at its end; its hints, where the source gives some, are taught two
/// thirds up the decoder, by a head of their own that serves training alone.
class VlmTask : public TrainTask {
 public:
  /// `model` and `tokenizer` outlive the task.
  VlmTask(Vlm& model, const Tokenizer& tokenizer, std::vector<VqaShare> shares,
          std::vector<Ptr<Loss>> losses);

  Module& model() override { return parts_; }
  /// Endless: sources draw by the random stream of the micro-batch.
  int64_t items() const override { return 0; }
  StepLoss loss(MicroBatch& batch) override;
  /// Share of questions from `source` whose whole answer is right, over `batches` draws that only `seed`
  /// decides.
  double accuracy(const VqaShare& share, int64_t batches, uint64_t seed) const;
  Metrics evaluate() override { return evaluation ? evaluation() : Metrics{}; }
  void after_step(int64_t step) override;
  /// Where the tokens of all training passes since the last call went.
  Trace take_trace() { return std::exchange(trace_, {}); }

  std::function<Metrics()> evaluation;

 private:
  struct Answers {
    Tensor logits_AV, target_A, row_A;
    int64_t rows = 0;
    Tensor halfway_ND;  ///< each question's last token, two thirds up the decoder
    Tensor hints_NH;    ///< int64; undefined: none
  };
  // The model under its own names, then the heads.
  struct Parts : Module {
    Vlm* vlm = nullptr;
    std::map<std::string, Linear> hint_heads;  // by source
    void visit(Visitor& v) override {
      vlm->visit(v);
      for (auto& [name, head] : hint_heads) v.child("hints." + name, head);
    }
  };
  const VqaShare& choose(Random& random) const;
  Answers answers(const VqaShare& share, Random& random, const TokenContext& context) const;
  Tensor hint_loss(const VqaShare& share, const Answers& found, Metrics& metrics) const;

  Vlm& model_;
  Parts parts_;
  const Tokenizer& tokenizer_;
  VlmTokens tokens_;
  std::vector<VqaShare> shares_;
  std::vector<Ptr<Loss>> losses_;
  StepCounts counts_;
  Trace trace_;
};

}  // namespace conclave
