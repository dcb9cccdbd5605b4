/// The learned router: says for each row how much each expert counts.
#pragma once

#include <vector>

#include "models/stream/base/archive.h"
#include "models/stream/moe/label_noise.h"

namespace conclave::stream {

struct RouterOptions {
  double rate = 0.005;        ///< step size of the weights that all rows share
  double gate_rate = 0.0003;  ///< step size of those that depend on the row; 0: none do
  double floor = 0.02;        ///< share that is spread evenly over the classes before the logarithm
};

/// A logarithmic pool whose weights depend on the row: class scores are the experts' log shares times
/// weights, s_c = sum_e w_e(z) log p_e(c), w_e(z) = a_e + v_e . z; after each row a and v take a step down
/// the gradient of -log softmax(s)[label]. Unlike a hard choice it lets experts outvote one another; unlike
/// an average it lets an expert that is sure say so. Each expert's step is divided by the usual size of its
/// slope (RMSProp), and LabelNoise keeps rows that nobody can explain from moving the weights.
class MixRouter {
 public:
  MixRouter() = default;
  MixRouter(const RouterOptions& options, int width, int used);

  int experts() const { return static_cast<int>(shared_.size()); }
  void add_expert(double weight);
  void remove_expert(int expert);

  /// votes_EC: what the experts say (a row of zeros abstains); mixed_C: what comes of it. weight_E, if
  /// wanted: how much each counts here.
  void mix(const double* votes_EC, const float* z_D, int classes, double* mixed_C,
           double* weight_E = nullptr);
  /// How much larger -log of the label's share would have been without the expert, for the row mixed last.
  double worth(int expert, int label) const;
  /// Learns from the row that was mixed last.
  void learn(const float* z_D, int label);

  size_t bytes() const;
  void fields(Archive& archive);

 private:
  RouterOptions options_;
  int width_ = 0, classes_ = 0;
  double scale_ = 1;  // of z in the gate
  LabelNoise noise_;
  std::vector<double> shared_;   // a_E
  std::vector<double> squares_;  // of the slopes, a fading mean
  std::vector<float> gate_;      // v_ED
  // Of the row mixed last.
  std::vector<double> logs_, scores_, mixed_, weights_;  // [experts, classes], [classes] twice, [experts]
};

}  // namespace conclave::stream
