#include "framework/train/adamw.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/tensor/cpu/parallel.h"
#include "framework/train/muon.h"
#include "framework/train/optimizer_kernels.h"

namespace conclave {
namespace {

constexpr int64_t kBlock = 1 << 14;  // elements of one task

int64_t blocks(int64_t n) {
  return (n + kBlock - 1) / kBlock;
}

}  // namespace

void adamw_by_aten(const kernels::AdamWStep& step, const Tensor& gradient, Tensor value, Tensor mean,
                   Tensor square) {
  at::NoGradGuard no_grad;
  const Tensor g = gradient * step.grad_scale;
  mean.lerp_(g, 1 - step.beta1);
  square.mul_(step.beta2).addcmul_(g, g, 1 - step.beta2);
  value.mul_(step.keep).addcdiv_(mean, square.sqrt().mul_(step.root_scale).add_(step.epsilon), -step.rate);
}

AdamW::AdamW(Module& model, const AdamWOptions& options) : options_(options) {
  for (auto& p : named_parameters(model)) {
    if (!p.tensor.requires_grad()) continue;
    require<UsageError>(
        p.tensor.scalar_type() == at::kFloat && p.tensor.is_contiguous(),
        "[adamw] {} is {}; parameters must be contiguous float32 (bfloat16 is for the passes)", p.name,
        c10::toString(p.tensor.scalar_type()));
    parameters_.push_back(p);
  }
  require<UsageError>(!parameters_.empty(), "[adamw] the model has no parameter that requires grad");
  for (const auto& p : parameters_) {
    rules_.push_back({1, p.tensor.dim() > 1 || options.decay_vectors ? options.weight_decay : 0});
    for (const auto& group : options.groups) {
      if (p.name.find(group.pattern) == std::string::npos) continue;
      rules_.back() = {group.lr_scale, group.weight_decay.value_or(rules_.back().weight_decay),
                       group.muon && p.tensor.dim() > 1};
      break;
    }
    mean_.push_back(at::zeros_like(p.tensor));
    square_.push_back(rules_.back().muon ? at::zeros({0}) : at::zeros_like(p.tensor));
  }
  steps_ = at::zeros({static_cast<int64_t>(parameters_.size())}, at::kLong);
}

void AdamW::step(double rate, double grad_scale) {
  at::NoGradGuard no_grad;
  int64_t* steps = steps_.mutable_data_ptr<int64_t>();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Tensor& value = parameters_[i].tensor;
    if (!value.grad().defined()) continue;
    const auto [lr_scale, decay, muon] = rules_[i];
    const double lr = rate * lr_scale;
    const auto t = static_cast<double>(++steps[i]);
    const double correction1 = 1 - std::pow(options_.beta1, t), correction2 = 1 - std::pow(options_.beta2, t);

    const Tensor gradient = value.grad().to(at::kFloat).contiguous();
    if (muon) {
      muon_step(gradient * grad_scale, lr, 1 - lr * decay, value, mean_[i]);
      continue;
    }
    const kernels::AdamWStep s{.grad_scale = static_cast<float>(grad_scale),
                               .beta1 = static_cast<float>(options_.beta1),
                               .beta2 = static_cast<float>(options_.beta2),
                               .epsilon = static_cast<float>(options_.epsilon),
                               .keep = static_cast<float>(1 - lr * decay),
                               .rate = static_cast<float>(lr / correction1),
                               .root_scale = static_cast<float>(1 / std::sqrt(correction2))};
    if (!value.is_cpu()) {
      adamw_by_aten(s, gradient, value, mean_[i], square_[i]);
      continue;
    }
    const float* g = gradient.const_data_ptr<float>();
    float* x = value.mutable_data_ptr<float>();
    float* m = mean_[i].mutable_data_ptr<float>();
    float* v = square_[i].mutable_data_ptr<float>();
    kernels::parallel_ranges(value.numel(), kBlock, [&](int64_t begin, int64_t end) {
      kernels::adamw(s, end - begin, g + begin, x + begin, m + begin, v + begin);
    });
  }
}

void AdamW::zero_grad() {
  for (auto& p : parameters_) p.tensor.mutable_grad() = Tensor();
}

double AdamW::gradient_norm() const {
  at::NoGradGuard no_grad;
  double total = 0;
  for (const auto& p : parameters_) {
    if (!p.tensor.grad().defined()) continue;
    const Tensor gradient = p.tensor.grad().to(at::kFloat).contiguous();
    if (!gradient.is_cpu()) {
      total += gradient.to(at::kDouble).square().sum().item<double>();
      continue;
    }
    // Blocks of a fixed size, added in order: the sum does not depend on the number of threads.
    const int64_t n = gradient.numel();
    const float* g = gradient.const_data_ptr<float>();
    std::vector<double> sums(static_cast<size_t>(blocks(n)));
    kernels::parallel_ranges(blocks(n), 1, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b)
        sums[b] = kernels::sum_of_squares(std::min(kBlock, n - b * kBlock), g + b * kBlock);
    });
    for (const double sum : sums) total += sum;
  }
  return std::sqrt(total);
}

void AdamW::visit(Visitor& v) {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    v("exp_avg." + parameters_[i].name, mean_[i], TensorKind::buffer);
    v("exp_avg_sq." + parameters_[i].name, square_[i], TensorKind::buffer);
  }
  v("steps", steps_, TensorKind::buffer);
}

}  // namespace conclave
