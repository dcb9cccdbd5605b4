#include "framework/moe/kernels/combine.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>

#include "framework/tensor/cpu/parallel.h"

namespace conclave::kernels {
namespace {

constexpr int64_t kGrain = 1 << 14;  // elements a task should have at least

int64_t tokens_per_task(int64_t width) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, width));
}

// Missing rows read a row of zeros behind the last.
Tensor padded(const Tensor& y_ND) {
  return at::cat({y_ND, y_ND.new_zeros({1, y_ND.size(1)})});
}
Tensor pad_index(const Tensor& row_TK, int64_t rows) {
  return at::where(row_TK < 0, at::full({}, rows, row_TK.options()), row_TK).reshape(-1);
}

template <class T, class W>
void sum_rows_cpu(const T* y, const W* weight, const int64_t* row, T* out, int64_t tokens, int64_t slots,
                  int64_t width) {
  using Acc = at::opmath_type<T>;
  parallel_ranges(tokens, tokens_per_task(width * slots), [=](int64_t begin, int64_t end) {
    std::vector<Acc> sum(width);
    for (int64_t t = begin; t < end; ++t) {
      std::fill(sum.begin(), sum.end(), Acc(0));
      for (int64_t k = 0; k < slots; ++k) {
        const int64_t r = row[t * slots + k];
        if (r < 0) continue;
        const Acc w = weight ? static_cast<Acc>(weight[t * slots + k]) : Acc(1);
        const T* source = y + r * width;
        for (int64_t d = 0; d < width; ++d) sum[d] += w * static_cast<Acc>(source[d]);
      }
      for (int64_t d = 0; d < width; ++d) out[t * width + d] = static_cast<T>(sum[d]);
    }
  });
}

}  // namespace

Tensor sum_rows(const Tensor& y_ND, const Tensor& weight_TK, const Tensor& row_TK) {
  const int64_t tokens = row_TK.size(0), slots = row_TK.size(1), width = y_ND.size(1);
  const auto acc = at::toOpMathType(y_ND.scalar_type());
  const Tensor weight = weight_TK.defined() ? weight_TK.to(acc).contiguous() : Tensor();
  if (!y_ND.is_cpu()) {
    Tensor y_TKD =
        padded(y_ND).index_select(0, pad_index(row_TK, y_ND.size(0))).view({tokens, slots, width}).to(acc);
    if (weight.defined()) y_TKD = y_TKD * weight.unsqueeze(-1);
    return y_TKD.sum(1).to(y_ND.scalar_type());
  }
  const Tensor y = y_ND.contiguous();
  Tensor out = at::empty({tokens, width}, y.options());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, y.scalar_type(), "sum_rows", [&] {
    using Acc = at::opmath_type<scalar_t>;
    sum_rows_cpu(y.const_data_ptr<scalar_t>(), weight.defined() ? weight.const_data_ptr<Acc>() : nullptr,
                 row_TK.const_data_ptr<int64_t>(), out.mutable_data_ptr<scalar_t>(), tokens, slots, width);
  });
  return out;
}

Tensor spread_rows(const Tensor& dout_TD, const Tensor& weight_TK, const Tensor& row_TK, int64_t rows) {
  const int64_t tokens = row_TK.size(0), slots = row_TK.size(1), width = dout_TD.size(1);
  const auto acc = at::toOpMathType(dout_TD.scalar_type());
  if (!dout_TD.is_cpu()) {
    Tensor padded_ND = dout_TD.new_empty({rows + 1, width});
    const Tensor dy_TKD = dout_TD.to(acc).unsqueeze(1) * weight_TK.to(acc).unsqueeze(-1);
    padded_ND.index_copy_(0, pad_index(row_TK, rows), dy_TKD.to(dout_TD.scalar_type()).view({-1, width}));
    return padded_ND.narrow(0, 0, rows);
  }
  const Tensor dout = dout_TD.contiguous(), weight = weight_TK.to(acc).contiguous();
  Tensor dy = at::empty({rows, width}, dout.options());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, dout.scalar_type(), "spread_rows", [&] {
    using Acc = at::opmath_type<scalar_t>;
    const auto* from = dout.const_data_ptr<scalar_t>();
    const auto* w = weight.const_data_ptr<Acc>();
    const auto* row = row_TK.const_data_ptr<int64_t>();
    auto* to = dy.mutable_data_ptr<scalar_t>();
    parallel_ranges(tokens, tokens_per_task(width * slots), [=](int64_t begin, int64_t end) {
      for (int64_t s = begin * slots; s < end * slots; ++s) {
        if (row[s] < 0) continue;
        const auto* source = from + s / slots * width;
        auto* target = to + row[s] * width;
        for (int64_t d = 0; d < width; ++d)
          target[d] = static_cast<scalar_t>(w[s] * static_cast<Acc>(source[d]));
      }
    });
  });
  return dy;
}

Tensor dot_rows(const Tensor& dout_TD, const Tensor& y_ND, const Tensor& row_TK, at::ScalarType dtype) {
  const int64_t tokens = row_TK.size(0), slots = row_TK.size(1), width = y_ND.size(1);
  const auto acc = at::toOpMathType(y_ND.scalar_type());
  if (!y_ND.is_cpu()) {
    const Tensor y_TKD =
        padded(y_ND).index_select(0, pad_index(row_TK, y_ND.size(0))).view({tokens, slots, width}).to(acc);
    return (y_TKD * dout_TD.to(acc).unsqueeze(1)).sum(-1).to(dtype);
  }
  const Tensor dout = dout_TD.contiguous(), y = y_ND.contiguous();
  Tensor dweight = at::zeros({tokens, slots}, y.options().dtype(acc));
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, y.scalar_type(), "dot_rows", [&] {
    using Acc = at::opmath_type<scalar_t>;
    const auto* left = dout.const_data_ptr<scalar_t>();
    const auto* right = y.const_data_ptr<scalar_t>();
    const auto* row = row_TK.const_data_ptr<int64_t>();
    auto* to = dweight.mutable_data_ptr<Acc>();
    parallel_ranges(tokens, tokens_per_task(width * slots), [=](int64_t begin, int64_t end) {
      for (int64_t s = begin * slots; s < end * slots; ++s) {
        if (row[s] < 0) continue;
        const auto* a = left + s / slots * width;
        const auto* b = right + row[s] * width;
        std::array<Acc, 8> sum{};  // lanes that the compiler keeps in one vector
        int64_t d = 0;
        for (; d + 8 <= width; d += 8) {
          for (int i = 0; i < 8; ++i) sum[i] += static_cast<Acc>(a[d + i]) * static_cast<Acc>(b[d + i]);
        }
        for (; d < width; ++d) sum[0] += static_cast<Acc>(a[d]) * static_cast<Acc>(b[d]);
        to[s] = ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
      }
    });
  });
  return dweight.to(dtype);
}

}  // namespace conclave::kernels
