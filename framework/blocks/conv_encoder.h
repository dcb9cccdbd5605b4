/// A stack of strided convolutions with residual blocks: cheap eyes for small pictures.
#pragma once

#include "framework/blocks/grid_position.h"
#include "framework/blocks/vision.h"
#include "framework/nn/activation.h"
#include "framework/nn/conv2d.h"
#include "framework/nn/norm.h"

namespace conclave {

/// x + conv(act(norm(conv(act(norm(x)))))) (pre-activation, arXiv 1603.05027).
struct ResidualConv : Module {
  Activation activation;
  GroupNorm norm1, norm2;
  Conv2d conv1, conv2;

  ResidualConv(int64_t width, int64_t groups, Activation activation);
  Tensor forward(const Tensor& x_NCHW) const;
  void visit(Visitor& v) override;
};

/// Divides the sides by `stride` (kernel 3, or the stride itself from 3 on), then refines.
struct ConvStage : Module {
  Conv2d down;
  std::vector<Ptr<ResidualConv>> blocks;

  Tensor forward(const Tensor& x_NCHW) const;
  void visit(Visitor& v) override;
};

struct ConvEncoder : VisionEncoder {
  Activation activation = Activation::silu;
  std::vector<Ptr<ConvStage>> stages;
  Ptr<GroupNorm> norm;
  Ptr<GridPosition> position;

  FeatureGrid forward(const Tensor& picture_BCHW, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

/// {"image": 96, "channels": 3, "widths": [32, 64, 128], "strides": [2, 2, 2], "blocks": 1, "groups": 8,
///  "activation": "silu"}. `image` is the side that the learned positions are made for.
Ptr<ConvEncoder> make_conv_encoder(const Json& config, const std::string& path);

}  // namespace conclave
