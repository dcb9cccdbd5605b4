/// Weight-decomposed low-rank adaptation (DoRA, arXiv 2402.09353).
#pragma once

#include "framework/lora/lora.h"

namespace conclave {

/// y = (m/n) · (W x + s B A x) + bias, n[o] the length of row o of W + s B A, a constant for gradients. As a
/// delta: (m/n - 1) · W x + (m/n) · s B A x.
struct Dora : Adapter {
  Lora lora;
  Tensor magnitude_O;
  const Linear* linear = nullptr;  ///< which it belongs to

  Tensor delta(const Tensor& x, const TokenContext& context) override;
  /// The weight that W becomes, float32 [out,in].
  Tensor merged() const;
  void visit(Visitor& v) override;

 private:
  Tensor share_O() const;  ///< m/n
};

}  // namespace conclave
