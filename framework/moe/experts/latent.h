/// Latent experts (MoLAE, arXiv 2503.23100): one shared projection into a narrow latent space, feed-forward
/// experts there, and one shared projection back, applied after the weighted sum.
#pragma once

#include "framework/moe/experts/ffn.h"

namespace conclave {

struct LatentExperts : Experts {
  Tensor down_LD;  ///< into the latent space
  Tensor up_DL;    ///< back
  FfnExperts inner;

  LatentExperts() = default;
  LatentExperts(const ExpertsShape& shape, int64_t latent, const FfnOptions& options);

  int64_t count() const override { return inner.count(); }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void remap(Ids from) override { inner.remap(from); }
  void visit(Visitor& v) override;
};

}  // namespace conclave
