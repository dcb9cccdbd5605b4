#include "framework/train/ema.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"

namespace conclave {

Ema::Ema(Module& model, double decay) : decay_(decay) {
  require<UsageError>(decay > 0 && decay < 1, "[ema] a decay of {} is not between 0 and 1", decay);
  for (auto& p : named_parameters(model)) {
    if (!p.tensor.requires_grad()) continue;
    parameters_.push_back(p);
    average_.push_back(p.tensor.detach().clone());
  }
  updates_ = at::zeros({1}, at::kLong);
}

void Ema::update() {
  at::NoGradGuard no_grad;
  const auto t = static_cast<double>(++*updates_.mutable_data_ptr<int64_t>());
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  for (size_t i = 0; i < average_.size(); ++i) average_[i].lerp_(parameters_[i].tensor, 1 - decay);
}

void Ema::swap() {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < average_.size(); ++i) {
    const Tensor held = parameters_[i].tensor.detach().clone();
    parameters_[i].tensor.copy_(average_[i]);
    average_[i].copy_(held);
  }
}

void Ema::visit(Visitor& v) {
  for (size_t i = 0; i < average_.size(); ++i) v(parameters_[i].name, average_[i], TensorKind::buffer);
  v("updates", updates_, TensorKind::buffer);
}

}  // namespace conclave
