#include "framework/moe/kernels/backend.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/moe/kernels/cpu/blocks.h"
#include "framework/tensor/cpu/dot.h"

namespace conclave::kernels {
namespace {

// The vector kernels beat LibTorch's matrix product on few rows an expert and match it on many. Of bfloat16
// its products are taken, several experts at a time: each is too small to be shared by threads.
bool accepts(const Tensor& x_ND, const Tensor& w_EFD) {
  return x_ND.is_cpu() && (x_ND.scalar_type() == at::kFloat || x_ND.scalar_type() == at::kBFloat16) &&
         w_EFD.scalar_type() == x_ND.scalar_type() && w_EFD.is_contiguous();
}

void product_by_expert(const Tensor& x_ND, const Tensor& w_EFD, Offsets offsets, Tensor& y_NF) {
  const Groups groups(offsets);
  const auto active = static_cast<int64_t>(groups.active.size());
  const int threads = threads_for(x_ND.size(0) * w_EFD.size(1) * w_EFD.size(2));
  if (active < 4 * threads) return reference_backend().product(x_ND, w_EFD, offsets, y_NF);
  parallel_tasks(active, threads, [&](int64_t a) {
    const at::NoGradGuard no_grad;  // another thread has its own state
    const int64_t first = groups.first[a], rows = groups.first[a + 1] - first;
    Tensor y = y_NF.narrow(0, first, rows);
    at::mm_out(y, x_ND.narrow(0, first, rows), w_EFD.select(0, groups.active[a]).t());
  });
}

void product(const Tensor& x_ND, const Tensor& w_EFD, Offsets offsets, Tensor& y_NF) {
  if (x_ND.scalar_type() == at::kBFloat16) return product_by_expert(x_ND, w_EFD, offsets, y_NF);
  const auto& dot = dot_kernels();
  const int64_t N = x_ND.size(0), F = w_EFD.size(1), D = w_EFD.size(2);
  const float* x = x_ND.const_data_ptr<float>();
  const float* w = w_EFD.const_data_ptr<float>();
  float* y = y_NF.mutable_data_ptr<float>();
  std::vector<const float*> row(N);
  for (int64_t r = 0; r < N; ++r) row[r] = x + r * D;
  each_block(Groups(offsets), F, threads_for(N * F * D),
             [&](int64_t e, int64_t first, int64_t rows, int64_t begin, int64_t width) {
               dot.product(&row[first], rows, w + (e * F + begin) * D, D, width, D, y + first * F + begin, F);
             });
}

}  // namespace

const GroupedBackend& cpu_backend() {
  const auto& reference = reference_backend();
  static const GroupedBackend backend{"cpu",   [] { return true; },  accepts,
                                      product, reference.grad_input, reference.grad_weight};
  return backend;
}

}  // namespace conclave::kernels
