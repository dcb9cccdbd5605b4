/// The adaptive mixture of experts: trees, linear, neural and nearest-neighbour experts under a router that
/// learns online which of them to believe where.
#pragma once

#include "models/stream/base/workers.h"
#include "models/stream/learners/learner.h"
#include "models/stream/moe/input_scaler.h"
#include "models/stream/moe/mix_router.h"
#include "models/stream/moe/watched_expert.h"

namespace conclave::stream {

struct MoeOptions {
  int trees = 8;       ///< Hoeffding trees, each with weights of its own for the rows
  bool bayes = true;   ///< naive Bayes
  bool linear = true;  ///< a logistic regression that settles
  bool quick = false;  ///< one that keeps following the newest rows; near following the last label on some
  bool neural = true;
  bool nearest = true;
  int window = 2000, k = 10;  ///< of the nearest-neighbour expert
  int hidden = 32;            ///< units of the neural expert
  double linear_rate = 0.1, quick_rate = 0.5, neural_rate = 0.003;
  double lambda = 6;   ///< mean weight of a row for a tree
  double patch = 0.4;  ///< share of the attributes that a leaf of every second tree looks at
  double grace_period = 75, split_confidence = 0.01;
  double drift_delta = 0.001, warning_delta = 0.01;
  RouterOptions router;
  size_t memory = size_t{256} << 20;
};

class AdaptiveMoe final : public Learner {
 public:
  AdaptiveMoe(const MoeOptions& options, const LearnerContext& context);
  int classes() const override { return classes_; }
  void grow_classes(int classes) override;
  void votes(const double* x, double* votes_C) override;
  void learn(const double* x, int label, double weight) override;
  void test_then_train(const RowBlock& rows, double* votes_TC) override;
  size_t bytes() const override;
  Json describe() const override;
  std::vector<std::string> take_events() override;
  ExpertUse take_use() override;
  std::vector<TreeView> trees() const override;
  void fields(Archive& archive) override;

 private:
  void add(const std::string& kind, ExpertMaker make, const WatchOptions& watch);
  void encode(const RowBlock& rows, size_t first, size_t n);
  void take(const RowBlock& rows, size_t first, size_t n, double* votes_TC);
  void end_term();

  MoeOptions options_;
  Schema schema_;
  uint64_t seed_;
  int classes_;
  InputScaler scaler_;
  MixRouter router_;
  Workers workers_;
  std::vector<WatchedExpert> experts_;
  std::vector<double> weight_sums_;  // by expert, since the beginning
  ExpertUse use_;                    // since it was asked for
  int64_t rows_ = 0;
  std::vector<int64_t> told_drifts_, noted_drifts_;  // by expert
  std::vector<double> worth_;                        // by expert, in this term
  std::vector<int32_t> resting_;                     // by expert: terms left to rest
  std::vector<float> encoded_;                       // [rows, width]
  std::vector<double> expert_votes_;                 // [experts, rows, classes]
  std::vector<double> row_votes_, row_weights_;
};

LearnerPtr make_adaptive_moe(const MoeOptions& options, const LearnerContext& context);

}  // namespace conclave::stream
