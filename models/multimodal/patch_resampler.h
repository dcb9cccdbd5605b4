/// ERNIE 4.5 VL's way from patches to the text's width: neighbours joined, then pairs of frames.
#pragma once

#include "framework/nn/linear.h"
#include "framework/nn/norm.h"

namespace conclave {

struct PatchResampler : Module {
  /// LayerNorm(Linear(GELU(Linear(.))))
  struct Joint : Module {
    Linear fc1, fc2;
    Ptr<Norm> norm;

    Joint(int64_t in, int64_t out, double eps);
    Tensor forward(const Tensor& x) const;
    void visit(Visitor& v) override;
  };
  int64_t joined = 4;  ///< patches of a token
  Joint spatial, temporal;
  Linear mlp;
  Ptr<Norm> norm;

  /// `eps` of the tower, `text_eps` of the text.
  PatchResampler(int64_t width, int64_t joined, int64_t out, double eps, double text_eps);
  /// Patches of still pictures [n·joined, width] in merge order -> [n, out]. A picture is both frames of its
  /// pair.
  Tensor forward(const Tensor& x_PD) const;
  void visit(Visitor& v) override;
};

}  // namespace conclave
