/// An expert with someone who watches its errors: a successor is warmed up in the background when they begin
/// to grow, and takes over when they have grown.
#pragma once

#include <functional>

#include "models/stream/base/poisson.h"
#include "models/stream/drift/adwin.h"
#include "models/stream/moe/expert.h"

namespace conclave::stream {

/// Makes the `birth`-th expert of a place, counted from 0.
using ExpertMaker = std::function<ExpertPtr(uint32_t birth, int classes)>;

struct WatchOptions {
  double drift_delta = 0.001, warning_delta = 0.01;
  bool replace = true;  ///< off: only told of (windowed experts forget by themselves)
  double lambda = 0;    ///< mean weight of a row, drawn from Poisson's distribution; 0: each counts once
};

class WatchedExpert {
 public:
  WatchedExpert(std::string kind, ExpertMaker make, const WatchOptions& options, int classes, uint64_t seed);

  const std::string& kind() const { return kind_; }
  void test_then_train(const EncodedRow& row, int label, double* votes_C);
  /// At rest it learns and has no votes. Asked only of those that can.
  bool can_rest() const { return expert_->learns_alone(); }
  void learn_at_rest(const EncodedRow& row, int label) { expert_->learn(row, label, 1); }
  /// Votes alone.
  void votes(const EncodedRow& row, double* votes_C) { expert_->test_then_train(row, -1, 0, votes_C); }
  void grow_classes(int classes);
  /// Before loading: how many classes the state must have.
  void expect_classes(int classes) { classes_ = classes; }

  int64_t births() const { return births_; }
  int64_t drifts() const { return drifts_; }
  const HoeffdingTree* tree() const { return expert_->tree(); }
  bool has_background() const { return background_ != nullptr; }
  /// Share of errors in the window of the drift detector.
  double recent_error() const { return drift_.mean(); }
  size_t bytes() const;
  void fields(Archive& archive);

 private:
  std::string kind_;
  ExpertMaker make_;
  WatchOptions options_;
  int classes_;
  Poisson poisson_;
  Random random_;
  ExpertPtr expert_, background_;
  uint32_t births_ = 0, birth_ = 0, background_birth_ = 0;
  int64_t drifts_ = 0;
  Adwin warning_, drift_;
  std::vector<double> unused_;
};

}  // namespace conclave::stream
