/// AdamW (Loshchilov and Hutter, arXiv 1711.05101): Adam with decay that is not part of the gradient.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "framework/tensor/module.h"
#include "framework/train/optimizer_kernels.h"

namespace conclave {

/// Settings of the parameters whose name contains `pattern`; the first group that fits counts.
struct ParameterGroup {
  std::string pattern;
  double lr_scale = 1;
  std::optional<double> weight_decay;
  bool muon = false;  ///< updated by Muon (muon.h) where it is a matrix or a bank of them
};

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
  bool decay_vectors = false;  ///< also decay tensors of one dimension: biases, norms
  std::vector<ParameterGroup> groups;
};

/// kernels::adamw in ATen's operations: for devices other than the CPU.
void adamw_by_aten(const kernels::AdamWStep& step, const Tensor& gradient, Tensor value, Tensor mean,
                   Tensor square);

/// Updates float32 tensors in place: on the CPU with the same bits for any thread count. Being a Module, its
/// moments and step counts are saved and loaded as any state is. Make it after the model has been loaded and
/// moved: it holds the tensors themselves.
class AdamW : public Module {
 public:
  /// Takes the parameters that require grad. Throws UsageError when one is not float32, or there is none.
  AdamW(Module& model, const AdamWOptions& options);

  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  /// One update with gradients times `grad_scale`. Parameters without a gradient stay, with their moments.
  void step(double rate, double grad_scale = 1);
  void zero_grad();
  /// Euclidean norm of all gradients together; not finite when one value is not.
  double gradient_norm() const;
  /// exp_avg.NAME, exp_avg_sq.NAME (empty under Muon) and steps [parameters].
  void visit(Visitor& v) override;

 private:
  AdamWOptions options_;
  std::vector<NamedTensor> parameters_;
  struct Rule {
    double lr_scale, weight_decay;
    bool muon = false;
  };
  std::vector<Rule> rules_;  // of each parameter
  std::vector<Tensor> mean_, square_;
  Tensor steps_;  // int64, updates that each parameter has had
};

}  // namespace conclave
