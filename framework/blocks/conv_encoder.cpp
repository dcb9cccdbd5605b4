#include "framework/blocks/conv_encoder.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

constexpr int64_t kKernel = 3;

// A stride of 3 or more cuts the picture into patches, which the kernel covers without gap or overlap.
int64_t down_kernel(int64_t stride) {
  return std::max(kKernel, stride);
}
int64_t down_padding(int64_t stride) {
  return stride < kKernel ? kKernel / 2 : 0;
}

int64_t side_after(int64_t side, int64_t stride) {
  return (side + 2 * down_padding(stride) - down_kernel(stride)) / stride + 1;
}

}  // namespace

ResidualConv::ResidualConv(int64_t width, int64_t groups, Activation activation)
    : activation(activation),
      norm1(width, groups),
      norm2(width, groups),
      conv1(width, width, kKernel, {.padding = kKernel / 2}),
      conv2(width, width, kKernel, {.padding = kKernel / 2}) {
  // The block starts as the identity.
  conv2.weight.zero_();
}

Tensor ResidualConv::forward(const Tensor& x_NCHW) const {
  const Tensor y = conv1.forward(activate(activation, norm1.forward(x_NCHW)));
  return x_NCHW + conv2.forward(activate(activation, norm2.forward(y)));
}

void ResidualConv::visit(Visitor& v) {
  v.child("norm1", norm1);
  v.child("conv1", conv1);
  v.child("norm2", norm2);
  v.child("conv2", conv2);
}

Tensor ConvStage::forward(const Tensor& x_NCHW) const {
  Tensor x = down.forward(x_NCHW);
  for (const auto& block : blocks) x = block->forward(x);
  return x;
}

void ConvStage::visit(Visitor& v) {
  v.child("down", down);
  v.children("blocks", blocks);
}

FeatureGrid ConvEncoder::forward(const Tensor& picture_BCHW, const TokenContext&) {
  require(picture_BCHW.dim() == 4 && picture_BCHW.size(2) > 0 && picture_BCHW.size(3) > 0,
          "[conv encoder] a picture must be [B,channels,H,W]");
  Tensor x = picture_BCHW;
  for (const auto& stage : stages) x = stage->forward(x);
  x = activate(activation, norm->forward(x));
  const int64_t rows = x.size(2), columns = x.size(3);
  return {x.flatten(2).transpose(1, 2) + position->forward(rows, columns), rows, columns};
}

void ConvEncoder::visit(Visitor& v) {
  v.children("stages", stages);
  v.child("norm", norm);
  v.child("position", position);
}

Ptr<ConvEncoder> make_conv_encoder(const Json& config, const std::string& path) {
  ConfigObject c(config, path);
  c.get<std::string>("kind", "conv");
  const auto image = c.need_integer("image");
  int64_t channels = c.get_integer("channels", 3, 1);
  const auto widths = c.need<std::vector<int64_t>>("widths");
  const auto strides = c.get("strides", std::vector<int64_t>(widths.size(), 2));
  const auto blocks = c.get_integer("blocks", 1);
  const auto groups = c.get_integer("groups", 8, 1);
  const auto activation = parse_activation(c.get<std::string>("activation", "silu"), c.name("activation"));
  c.finish();
  require<UsageError>(!widths.empty(), "{} is empty", c.name("widths"));
  require<UsageError>(strides.size() == widths.size(), "{} has {} entries for {} stages", c.name("strides"),
                      strides.size(), widths.size());

  auto encoder = std::make_shared<ConvEncoder>();
  encoder->activation = activation;
  int64_t side = image;
  for (size_t i = 0; i < widths.size(); ++i) {
    require<UsageError>(widths[i] > 0 && widths[i] % groups == 0, "{}: {} is not a multiple of {} groups",
                        c.name("widths"), widths[i], groups);
    require<UsageError>(strides[i] > 0, "{} has {}: must be at least 1", c.name("strides"), strides[i]);
    auto stage = std::make_shared<ConvStage>();
    stage->down = Conv2d(channels, widths[i], down_kernel(strides[i]),
                         {.stride = strides[i], .padding = down_padding(strides[i])});
    for (int64_t b = 0; b < blocks; ++b) {
      stage->blocks.push_back(std::make_shared<ResidualConv>(widths[i], groups, activation));
    }
    encoder->stages.push_back(stage);
    channels = widths[i];
    side = side_after(side, strides[i]);
  }
  encoder->width = channels;
  encoder->norm = std::make_shared<GroupNorm>(channels, groups);
  encoder->position = std::make_shared<GridPosition>(side, side, channels);
  return encoder;
}

}  // namespace conclave
