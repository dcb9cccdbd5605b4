/// Convolution over pictures and feature grids.
#pragma once

#include "framework/tensor/module.h"

namespace conclave {

/// NCHW, square kernel.
struct Conv2d : Module {
  Tensor weight;  ///< [out, in/groups, kernel, kernel]
  Tensor bias;    ///< [out], or undefined
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t groups = 1;

  struct Options {
    int64_t stride = 1;
    int64_t padding = 0;
    int64_t groups = 1;
    bool bias = true;
    double std = 0;  ///< <= 0 means sqrt(2/fan_in), for rectifiers (arXiv 1502.01852)
  };
  Conv2d() = default;
  Conv2d(int64_t in, int64_t out, int64_t kernel, Options options);
  Conv2d(int64_t in, int64_t out, int64_t kernel) : Conv2d(in, out, kernel, Options{}) {}

  /// [N,in,H,W] -> [N,out,H',W'] with H' = (H + 2·padding - kernel)/stride + 1.
  Tensor forward(const Tensor& x_NCHW) const;
  void visit(Visitor& v) override;
};

}  // namespace conclave
