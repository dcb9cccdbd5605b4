/// Learned positions on a grid.
#pragma once

#include "framework/tensor/module.h"

namespace conclave {

/// One vector per place of a rows x columns grid; other grids read it interpolated (bicubic, as ViT
/// fine-tuning does, arXiv 2010.11929).
struct GridPosition : Module {
  Tensor weight;  ///< [rows·columns, D]
  int64_t rows = 0;
  int64_t columns = 0;

  GridPosition(int64_t rows, int64_t columns, int64_t width, double std = 0.02);
  /// [rows·columns, D] for the grid asked for.
  Tensor forward(int64_t rows, int64_t columns) const;
  void visit(Visitor& v) override;
};

}  // namespace conclave
