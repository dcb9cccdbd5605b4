/// Convolutions over time.
#pragma once

#include "models/audio/stage.h"

namespace conclave {

/// Plain or transposed, as it is or with weight norm w = g·v/|v| (arXiv 1602.07868), the norm over all but
/// the first dimension.
struct Conv1d : AudioStage {
  struct Options {
    int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
    bool transposed = false, bias = true, weight_norm = false;
  };
  Options options;
  int64_t kernel;
  Tensor weight;              ///< [out,in/groups,K], transposed [in,out/groups,K]; or
  Tensor weight_g, weight_v;  ///< [first,1,1] and the same shape, with weight norm
  Tensor bias;                ///< [out], or undefined

  Conv1d(int64_t in, int64_t out, int64_t kernel, const Options& options);
  Tensor forward(const Tensor& x_BCL) const override;
  void visit(Visitor& v) override;
};

/// How a codec treats the ends of its convolutions (EnCodec, arXiv 2210.13438; Mimi).
struct Ends {
  bool causal = true;           ///< all of the padding in front, but for what fills the last frame
  std::string pad = "reflect";  ///< reflect, constant, replicate
  double trim_right = 1;  ///< causal: the share of a transposed convolution's overhang that is cut behind
};

/// A convolution whose output has one frame for each started stride, and a transposed one that gives stride
/// samples for each frame.
struct FramedConv : AudioStage {
  Conv1d conv;
  Ends ends;

  FramedConv(int64_t in, int64_t out, int64_t kernel, const Conv1d::Options& options, Ends ends)
      : conv(in, out, kernel, options), ends(std::move(ends)) {}
  Tensor forward(const Tensor& x_BCL) const override;
  void visit(Visitor& v) override { v.child("conv", conv); }
};

}  // namespace conclave
