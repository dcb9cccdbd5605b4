// A regression tree and a linear model, alone.
#include <algorithm>

#include "models/stream/base/settings.h"
#include "models/stream/moe/input_scaler.h"
#include "models/stream/neural/kernels.h"
#include "models/stream/regression/regression_tree_config.h"
#include "models/stream/regression/regressor.h"

namespace conclave::stream {
namespace {

class TreeRegressor final : public Regressor {
 public:
  TreeRegressor(const RegressionTreeOptions& options, const LearnerContext& context)
      : tree_(context.schema, options, context.seed) {}
  void test_then_train(const RowBlock& rows, double* predictions_T) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      const double* const x = rows.row(i).data();
      predictions_T[i] = std::isfinite(rows.y[i]) ? tree_.learn(x, rows.y[i], 1) : tree_.predict(x);
    }
  }
  size_t bytes() const override { return sizeof(*this) + tree_.bytes(); }
  Json describe() const override {
    return {{"leaves", tree_.leaves()}, {"depth", tree_.depth()}, {"switches", tree_.switches()}};
  }
  std::vector<TreeView> trees() const override { return {tree_.view()}; }
  void fields(Archive& archive) override { archive(tree_); }

 private:
  double predict(const double* x) override { return tree_.predict(x); }
  void take(const double* x, double y, double weight) override { tree_.learn(x, y, weight); }
  RegressionTree tree_;
};

// Least mean squares over scaled inputs and a scaled target, normalised by the length of the row, so that a
// step never goes too far (Nagumo and Noda, 1967).
class LinearRegressor final : public Regressor {
 public:
  LinearRegressor(double rate, double l2, const LearnerContext& context)
      : rate_(rate), keep_(1 - l2), scaler_(context.schema), z_(scaler_.width()), weights_(scaler_.width()) {}
  size_t bytes() const override {
    return sizeof(*this) + scaler_.bytes() + (z_.size() + weights_.size()) * sizeof(float);
  }
  void fields(Archive& archive) override {
    archive(scaler_, weights_, bias_, rows_, mean_, squares_);
    archive.check(weights_.size() == z_.size(), "weights of other inputs");
  }

 private:
  double spread() const { return rows_ > 1 && squares_ > 0 ? std::sqrt(squares_ / rows_) : 1; }
  double predict(const double* x) override {
    scaler_.encode(x, z_.data());
    return mean_ + spread() * (bias_ + dot(weights_.data(), z_.data(), scaler_.width()));
  }
  void take(const double* x, double y, double weight) override {
    if (rows_ >= kWarmUp) {
      const double miss = (y - predict(x)) / spread();  // z_ is the row's now
      const double length = 1 + dot(z_.data(), z_.data(), scaler_.width());
      const double step = miss * std::min(1.0, weight * rate_ * length) / length;
      if (keep_ < 1)
        for (float& w : weights_) w *= static_cast<float>(keep_);
      add_scaled(weights_.data(), z_.data(), static_cast<float>(step), scaler_.width());
      bias_ += step;
    }
    rows_ += weight;
    const double delta = y - mean_;
    mean_ += weight * delta / rows_;
    squares_ += weight * delta * (y - mean_);
    scaler_.learn(x);
  }

  static constexpr double kWarmUp = 20;  // rows until the scales mean something
  double rate_, keep_;
  InputScaler scaler_;
  std::vector<float> z_, weights_;
  double bias_ = 0, rows_ = 0, mean_ = 0, squares_ = 0;
};

}  // namespace

LearnerPtr make_fimt_dd(ConfigObject& c, const LearnerContext& context) {
  return std::make_unique<TreeRegressor>(regression_tree_options(c, {}), context);
}

LearnerPtr make_linear_regressor(ConfigObject& c, const LearnerContext& context) {
  const double rate = positive(c, "rate", 0.01, 1000), l2 = c.get("l2", 0.0);
  require<UsageError>(l2 >= 0 && l2 < 1, "{} = {} is not in [0, 1)", c.name("l2"), l2);
  return std::make_unique<LinearRegressor>(rate, l2, context);
}

}  // namespace conclave::stream
