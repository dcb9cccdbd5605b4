/// An encoder and decoder of convolutions with bridges between equal sizes (U-Net, arXiv 1505.04597).
#pragma once

#include <vector>

#include "framework/nn/conv2d.h"
#include "framework/nn/norm.h"

namespace conclave::ultrasound {

/// Twice: 3x3 convolution, group norm, rectifier.
struct ConvPair : Module {
  Conv2d conv1, conv2;
  GroupNorm norm1, norm2;

  ConvPair(int64_t in, int64_t out, int64_t groups);
  Tensor forward(const Tensor& x_NCHW) const;
  void visit(Visitor& v) override;
};

/// A 5x5 convolution of stride 2, then one ConvPair for each width, the sides halved between them.
struct Encoder : Module {
  Conv2d stem;
  std::vector<Ptr<ConvPair>> levels;

  Encoder(const std::vector<int64_t>& widths, int64_t groups);
  /// [N,1,H,W], sides multiples of 2^widths -> one map for each width, the finest [N,C0,H/2,W/2] first.
  std::vector<Tensor> forward(const Tensor& x_N1HW) const;
  void visit(Visitor& v) override;
};

/// From the coarsest map back to the finest.
struct Decoder : Module {
  std::vector<Ptr<ConvPair>> levels;  ///< levels[i] makes the map of width i

  Decoder(const std::vector<int64_t>& widths, int64_t groups);
  /// `maps` as the encoder gives them, the last one perhaps changed since -> [N,C0,H/2,W/2].
  Tensor forward(const std::vector<Tensor>& maps) const;
  void visit(Visitor& v) override;
};

}  // namespace conclave::ultrasound
