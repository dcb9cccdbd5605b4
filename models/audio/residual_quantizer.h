/// Residual vector quantisation: each codebook takes what those before it left over.
#pragma once

#include "framework/tensor/module.h"

namespace conclave {

/// Rows, stored as they are (EnCodec), or as sums with how often each was used (Mimi).
struct Codebook : Module {
  Tensor embed_ND;
  Tensor sum_ND, usage_N;

  Codebook(int64_t size, int64_t width, bool as_sums);
  Tensor rows_ND() const;
  void visit(Visitor& v) override;
};

struct ResidualQuantizer : Module {
  std::vector<Ptr<Codebook>> layers;

  ResidualQuantizer(int64_t books, int64_t size, int64_t width, bool as_sums);
  /// Frames [B,D,F] -> codes [B,K,F] of the nearest rows, the first of equal ones.
  Tensor encode(const Tensor& x_BDF, int64_t use) const;
  /// Codes [B,K,F] -> frames [B,D,F].
  Tensor decode(const Tensor& codes_BKF) const;
  void visit(Visitor& v) override;
};

}  // namespace conclave
