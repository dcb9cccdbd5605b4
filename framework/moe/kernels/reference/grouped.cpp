#include <ATen/ATen.h>

#include "framework/moe/kernels/backend.h"

namespace conclave::kernels {
namespace {

// f(e, first row, rows) for the experts that have rows.
template <class F>
void each_expert(Offsets offsets, F f) {
  for (size_t e = 0; e + 1 < offsets.size(); ++e) {
    const int64_t rows = offsets[e + 1] - offsets[e];
    if (rows > 0) f(static_cast<int64_t>(e), offsets[e], rows);
  }
}

void product(const Tensor& x_ND, const Tensor& w_EFD, Offsets offsets, Tensor& y_NF) {
  each_expert(offsets, [&](int64_t e, int64_t first, int64_t rows) {
    Tensor y = y_NF.narrow(0, first, rows);
    at::mm_out(y, x_ND.narrow(0, first, rows), w_EFD.select(0, e).t());
  });
}

void grad_input(const Tensor& dy_NF, const Tensor& w_EFD, Offsets offsets, Tensor& dx_ND) {
  each_expert(offsets, [&](int64_t e, int64_t first, int64_t rows) {
    Tensor dx = dx_ND.narrow(0, first, rows);
    at::mm_out(dx, dy_NF.narrow(0, first, rows), w_EFD.select(0, e));
  });
}

void grad_weight(const Tensor& dy_NF, const Tensor& x_ND, Offsets offsets, Tensor& dw_EFD) {
  for (int64_t e = 0; e < dw_EFD.size(0); ++e) {
    Tensor dw = dw_EFD.select(0, e);
    const int64_t first = offsets[e], rows = offsets[e + 1] - first;
    if (rows == 0) {
      dw.zero_();
    } else {
      at::mm_out(dw, dy_NF.narrow(0, first, rows).t(), x_ND.narrow(0, first, rows));
    }
  }
}

}  // namespace

const GroupedBackend& reference_backend() {
  static const GroupedBackend backend{
      "reference", [] { return true; }, [](const Tensor&, const Tensor&) { return true; },
      product,     grad_input,          grad_weight};
  return backend;
}

}  // namespace conclave::kernels
