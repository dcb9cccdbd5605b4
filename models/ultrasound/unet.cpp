#include "models/ultrasound/unet.h"

#include <ATen/ATen.h>

namespace conclave::ultrasound {
namespace {

// The norm behind it brings the offset.
Conv2d conv3(int64_t in, int64_t out) {
  return Conv2d(in, out, 3, {.padding = 1, .bias = false});
}

}  // namespace

ConvPair::ConvPair(int64_t in, int64_t out, int64_t groups)
    : conv1(conv3(in, out)), conv2(conv3(out, out)), norm1(out, groups), norm2(out, groups) {}

Tensor ConvPair::forward(const Tensor& x_NCHW) const {
  const Tensor y = norm1.forward(conv1.forward(x_NCHW)).relu();
  return norm2.forward(conv2.forward(y)).relu();
}

void ConvPair::visit(Visitor& v) {
  v.child("conv1", conv1);
  v.child("norm1", norm1);
  v.child("conv2", conv2);
  v.child("norm2", norm2);
}

Encoder::Encoder(const std::vector<int64_t>& widths, int64_t groups)
    : stem(1, widths.front(), 5, {.stride = 2, .padding = 2}) {
  int64_t in = widths.front();
  for (const int64_t width : widths) {
    levels.push_back(std::make_shared<ConvPair>(in, width, groups));
    in = width;
  }
}

std::vector<Tensor> Encoder::forward(const Tensor& x_N1HW) const {
  std::vector<Tensor> maps;
  Tensor x = stem.forward(x_N1HW);
  for (const auto& level : levels) {
    if (!maps.empty()) x = at::max_pool2d(x, 2);
    x = level->forward(x);
    maps.push_back(x);
  }
  return maps;
}

void Encoder::visit(Visitor& v) {
  v.child("stem", stem);
  v.children("levels", levels);
}

Decoder::Decoder(const std::vector<int64_t>& widths, int64_t groups) {
  for (size_t i = 0; i + 1 < widths.size(); ++i)
    levels.push_back(std::make_shared<ConvPair>(widths[i + 1] + widths[i], widths[i], groups));
}

Tensor Decoder::forward(const std::vector<Tensor>& maps) const {
  Tensor x = maps.back();
  for (size_t i = levels.size(); i-- > 0;) {
    const Tensor& bridge = maps[i];
    const Tensor wider = at::upsample_nearest2d(x, bridge.sizes().slice(2));
    x = levels[i]->forward(at::cat({wider.to(bridge.scalar_type()), bridge}, 1));
  }
  return x;
}

void Decoder::visit(Visitor& v) {
  v.children("levels", levels);
}

}  // namespace conclave::ultrasound
