#include "models/audio/stage.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/tensor/fresh.h"

namespace conclave {

Tensor Chain::forward(const Tensor& x_BCL) const {
  Tensor x = x_BCL;
  for (const auto& stage : stages) x = stage->forward(x);
  return x;
}

Tensor ResidualStage::forward(const Tensor& x_BCL) const {
  return path.forward(x_BCL) + (shortcut ? shortcut->forward(x_BCL) : x_BCL);
}

void ResidualStage::visit(Visitor& v) {
  path.visit(v);
  v.child("shortcut", shortcut);
}

Snake::Snake(int64_t channels) : alpha(at::ones({1, channels, 1})) {}

Tensor Snake::forward(const Tensor& x_BCL) const {
  return x_BCL + (alpha + 1e-9).reciprocal() * at::sin(alpha * x_BCL).square();
}

Tensor Elu::forward(const Tensor& x_BCL) const {
  return at::elu(x_BCL);
}

Tensor Tanh::forward(const Tensor& x_BCL) const {
  return at::tanh(x_BCL);
}

ResidualLstm::ResidualLstm(int64_t channels, int64_t layers) {
  const double std = 1 / std::sqrt(static_cast<double>(channels));
  for (int64_t i = 0; i < layers; ++i) {
    for (int part = 0; part < 2; ++part) weights.push_back(fresh_normal({4 * channels, channels}, std));
    for (int part = 0; part < 2; ++part) weights.push_back(at::zeros({4 * channels}));
  }
}

Tensor ResidualLstm::forward(const Tensor& x_BCL) const {
  const auto layers = static_cast<int64_t>(weights.size() / 4);
  const Tensor x_LBC = x_BCL.permute({2, 0, 1});
  const Tensor empty = at::zeros({layers, x_BCL.size(0), x_BCL.size(1)}, x_BCL.options());
  const auto [y_LBC, h, c] = at::lstm(x_LBC, {empty, empty}, weights, /*has_biases=*/true, layers,
                                      /*dropout=*/0, /*train=*/false, /*bidirectional=*/false,
                                      /*batch_first=*/false);
  return (y_LBC + x_LBC).permute({1, 2, 0});
}

void ResidualLstm::visit(Visitor& v) {
  const char* parts[] = {"weight_ih_l", "weight_hh_l", "bias_ih_l", "bias_hh_l"};
  for (size_t i = 0; i < weights.size(); ++i)
    v("lstm." + std::string(parts[i % 4]) + std::to_string(i / 4), weights[i]);
}

}  // namespace conclave
