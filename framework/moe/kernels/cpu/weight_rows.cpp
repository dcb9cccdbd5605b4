#include "framework/moe/kernels/cpu/weight_rows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

namespace conclave::kernels {
namespace {

constexpr int64_t kManyRows = 8;   // from here on unpacking once is quicker than in each register tile
constexpr int64_t kUnpacked = 16;  // weight rows that are unpacked at a time: they stay in the cache

template <class Block>
void multiply_packed(const DotKernels& dot, const float* const* x, int64_t rows, const Block* w, int64_t n,
                     int64_t outs, bool streamed, float* out, int64_t ldo) {
  constexpr bool kInt8 = std::is_same_v<Block, BlockInt8>;
  const int64_t blocks = n / kPackedBlock;
  if (rows <= kManyRows) {
    if constexpr (kInt8)
      return (streamed ? dot.stream_int8 : dot.product_int8)(x, rows, w, blocks, outs, n, out, ldo);
    else
      return (streamed ? dot.stream_int4 : dot.product_int4)(x, rows, w, blocks, outs, n, out, ldo);
  }
  static thread_local std::vector<float> numbers;
  numbers.resize(static_cast<size_t>(kUnpacked * n));
  for (int64_t c = 0; c < outs; c += kUnpacked) {
    const int64_t some = std::min(kUnpacked, outs - c);
    if constexpr (kInt8)
      dot.unpack_int8(w + c * blocks, some * blocks, numbers.data());
    else
      dot.unpack_int4(w + c * blocks, some * blocks, numbers.data());
    dot.product(x, rows, numbers.data(), n, some, n, out + c, ldo);
  }
}

}  // namespace

WeightRows::WeightRows(const Tensor& w)
    : form(w.scalar_type() == at::kFloat ? Form::float32 : Form::bfloat16),
      data(static_cast<const std::byte*>(w.const_data_ptr())),
      n(w.size(-1)),
      row_bytes(n * w.element_size()),
      streamed(static_cast<int64_t>(w.nbytes()) >= kStreamedBytes) {}

WeightRows::WeightRows(const PackedWeight& w)
    : form(w.packing == Packing::int8 ? Form::int8 : Form::int4),
      data(static_cast<const std::byte*>(w.blocks.const_data_ptr())),
      n(w.ins),
      row_bytes(packed_row_bytes(w.packing, w.ins)),
      streamed(static_cast<int64_t>(w.blocks.nbytes()) >= kStreamedBytes) {}

void multiply(const DotKernels& dot, const float* const* x, int64_t rows, const WeightRows& w, int64_t first,
              int64_t outs, float* out, int64_t ldo) {
  const std::byte* from = w.data + first * w.row_bytes;
  const bool streamed = w.streamed && rows <= kStreamedRows;
  switch (w.form) {
    case WeightRows::Form::float32:
      return (streamed ? dot.stream : dot.product)(x, rows, reinterpret_cast<const float*>(from), w.n, outs,
                                                   w.n, out, ldo);
    case WeightRows::Form::bfloat16:
      return (streamed ? dot.stream_bf16 : dot.product_bf16)(x, rows, reinterpret_cast<const Bf16*>(from),
                                                             w.n, outs, w.n, out, ldo);
    case WeightRows::Form::int8:
      return multiply_packed(dot, x, rows, reinterpret_cast<const BlockInt8*>(from), w.n, outs, streamed, out,
                             ldo);
    case WeightRows::Form::int4:
      return multiply_packed(dot, x, rows, reinterpret_cast<const BlockInt4*>(from), w.n, outs, streamed, out,
                             ldo);
  }
}

}  // namespace conclave::kernels
