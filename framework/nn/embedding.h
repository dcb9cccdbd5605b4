/// A table of vectors by id.
#pragma once

#include "framework/tensor/module.h"

namespace conclave {

struct Embedding : Module {
  Tensor weight;  ///< [count, width]

  Embedding() = default;
  /// Normal weights of standard deviation `std`.
  Embedding(int64_t count, int64_t width, double std = 0.02);

  int64_t count() const { return weight.size(0); }
  int64_t width() const { return weight.size(1); }
  /// ids [...] int64 -> [..., width]. Ids outside the table throw.
  Tensor forward(const Tensor& ids) const;
  void visit(Visitor& v) override;
};

}  // namespace conclave
