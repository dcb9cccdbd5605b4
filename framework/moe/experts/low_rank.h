/// E low-rank pairs applied to rows sorted by expert: scale · B[e] (A[e] x). The product B A is never formed.
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/kernels/grouped.h"
#include "framework/tensor/module.h"
#include "framework/tensor/token_context.h"

namespace conclave {

/// Sizes and scaling of low-rank adapters (LoRA, arXiv 2106.09685).
struct LoraOptions {
  int64_t rank = 8;  ///< R
  double alpha = 16;
  bool rslora = false;  ///< scale by alpha/sqrt(R) in place of alpha/R (arXiv 2312.03732)
  double dropout = 0;   ///< on the adapter's input, while training

  double scale() const;
};
/// Reads "rank", "alpha", "rslora" and "dropout". Throws UsageError that names the key.
LoraOptions read_lora_options(ConfigObject& config);

struct LowRankBank : Module {
  Tensor a_ERI;  ///< [E,R,in], uniform within 1/sqrt(in)
  Tensor b_EOR;  ///< [E,out,R], zero at the start: the pairs change nothing
  double scale = 1;
  double dropout = 0;

  LowRankBank() = default;
  LowRankBank(int64_t experts, int64_t in, int64_t out, const LoraOptions& options);

  int64_t count() const { return a_ERI.size(0); }
  /// x_NI [N,in], sorted as `order` says -> [N,out].
  Tensor rows(const Tensor& x_NI, const kernels::RowOrder& order, const TokenContext& context) const;
  void visit(Visitor& v) override;
};

}  // namespace conclave
