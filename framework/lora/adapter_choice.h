/// Several adapters of one projection, of which each token runs through one.
#pragma once

#include <vector>

#include "framework/nn/linear.h"

namespace conclave {

struct AdapterChoice : Adapter {
  std::vector<Ptr<Adapter>> adapters;  ///< null: that one leaves this projection as it is
  int64_t outs = 0;                    ///< of the projection

  /// TokenContext::adapter_T says which; tokens of one adapter run together. Zero for -1, and for all where
  /// nothing is said. Throws Error when it is not said of each token of x.
  Tensor delta(const Tensor& x, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
