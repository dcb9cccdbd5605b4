/// Plain low-rank adapter (LoRA, arXiv 2106.09685).
#pragma once

#include "framework/moe/experts/low_rank.h"
#include "framework/nn/linear.h"

namespace conclave {

/// delta(x) = s · B (A x), s = alpha/R, or alpha/sqrt(R) with rslora. A starts uniform within 1/sqrt(in), B
/// at zero, so a fresh adapter changes nothing. Weights are float32 whatever the projection is.
struct Lora : Adapter {
  Tensor a_RI, b_OR;
  double scale = 1;
  double dropout = 0;  ///< on x, while training

  Lora() = default;
  Lora(int64_t in, int64_t out, const LoraOptions& options);

  Tensor delta(const Tensor& x, const TokenContext& context) override;
  /// s · B A, [out,in] in float32: for merging alone.
  Tensor product() const;
  void visit(Visitor& v) override;
};

}  // namespace conclave
