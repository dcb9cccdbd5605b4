#include "framework/blocks/grid_position.h"

#include <ATen/ATen.h>

namespace conclave {

GridPosition::GridPosition(int64_t rows, int64_t columns, int64_t width, double std)
    : weight(at::empty({rows * columns, width}).normal_(0, std)), rows(rows), columns(columns) {}

Tensor GridPosition::forward(int64_t rows, int64_t columns) const {
  if (rows == this->rows && columns == this->columns) return weight;
  const Tensor grid = weight.t().reshape({1, weight.size(1), this->rows, this->columns}).to(at::kFloat);
  const Tensor resized = at::upsample_bicubic2d(grid, {rows, columns}, /*align_corners=*/false);
  return resized.flatten(2).squeeze(0).t().to(weight.scalar_type());
}

void GridPosition::visit(Visitor& v) {
  v("weight", weight);
}

}  // namespace conclave
