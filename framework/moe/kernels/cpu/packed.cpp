#include "framework/moe/kernels/packed.h"

#include <ATen/ATen.h>
#include <c10/util/Half.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/moe/kernels/cpu/blocks.h"
#include "framework/moe/kernels/cpu/weight_rows.h"
#include "framework/tensor/large_pages.h"

namespace conclave::kernels {
namespace {

// The element of largest magnitude, with its sign.
float extreme(const float* w) {
  float found = 0;
  for (int64_t i = 0; i < kPackedBlock; ++i)
    if (std::abs(w[i]) > std::abs(found)) found = w[i];
  return found;
}

int step_of(float x, float scale, int low, int high) {
  return scale == 0 ? 0 : std::clamp(static_cast<int>(std::lround(x / scale)), low, high);
}

void pack_block(const float* w, BlockInt8& block) {
  block.scale = c10::Half(std::abs(extreme(w)) / 127).x;
  const float scale = c10::Half(block.scale, c10::Half::from_bits());
  for (int64_t i = 0; i < kPackedBlock; ++i)
    block.q[i] = static_cast<int8_t>(step_of(w[i], scale, -127, 127));
}

void pack_block(const float* w, BlockInt4& block) {
  block.scale = c10::Half(extreme(w) / -8).x;
  const float scale = c10::Half(block.scale, c10::Half::from_bits());
  constexpr int64_t kHalf = kPackedBlock / 2;
  for (int64_t i = 0; i < kHalf; ++i) {
    const int low = step_of(w[i], scale, -8, 7) + 8, high = step_of(w[i + kHalf], scale, -8, 7) + 8;
    block.q[i] = static_cast<uint8_t>(low | high << 4);
  }
}

template <class Block>
void pack_blocks(const Tensor& w_RI, uint8_t* blocks) {
  const Tensor numbers = w_RI.to(at::kFloat).contiguous();
  const float* from = numbers.const_data_ptr<float>();
  auto* to = reinterpret_cast<Block*>(blocks);
  parallel_ranges(numbers.numel() / kPackedBlock, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) pack_block(from + b * kPackedBlock, to[b]);
  });
}

}  // namespace

bool can_pack(int64_t ins) {
  return ins > 0 && ins % kPackedBlock == 0;
}

int64_t packed_row_bytes(Packing packing, int64_t ins) {
  const auto block = packing == Packing::int8 ? sizeof(BlockInt8) : sizeof(BlockInt4);
  return ins / kPackedBlock * static_cast<int64_t>(block);
}

PackedWeight pack(const Tensor& w_EOI, Packing packing) {
  require(w_EOI.dim() == 3 && w_EOI.is_cpu() && w_EOI.is_floating_point() && can_pack(w_EOI.size(2)),
          "[pack] weights [{}]: must be [E,O,I] numbers on the host, I a multiple of {}",
          fmt::join(w_EOI.sizes(), ", "), kPackedBlock);
  PackedWeight packed = unfilled(packing, w_EOI.size(0), w_EOI.size(1), w_EOI.size(2));
  for (int64_t e = 0; e < w_EOI.size(0); ++e) pack_rows(packed, e * packed.outs(), w_EOI[e]);
  return packed;
}

PackedWeight unfilled(Packing packing, int64_t experts, int64_t outs, int64_t ins) {
  require(can_pack(ins), "[pack] rows of {}: must be a multiple of {}", ins, kPackedBlock);
  return {packing, empty_in_large_pages({experts, outs, packed_row_bytes(packing, ins)}, at::kByte), ins};
}

void pack_rows(PackedWeight& weight, int64_t first, const Tensor& w_RI,
               const std::function<void(const Tensor&)>& packed) {
  require(w_RI.dim() == 2 && w_RI.size(1) == weight.ins && first >= 0 &&
              first + w_RI.size(0) <= weight.experts() * weight.outs(),
          "[pack] rows [{}] from {} on do not fit {} matrices of [{}, {}]", fmt::join(w_RI.sizes(), ", "),
          first, weight.experts(), weight.outs(), weight.ins);
  constexpr int64_t kAtOnce = int64_t{1} << 20;  // numbers
  const int64_t bytes = packed_row_bytes(weight.packing, weight.ins),
                step = std::max<int64_t>(1, kAtOnce / weight.ins);
  for (int64_t row = 0; row < w_RI.size(0); row += step) {
    const Tensor rows = w_RI.narrow(0, row, std::min(step, w_RI.size(0) - row));
    uint8_t* to = weight.blocks.mutable_data_ptr<uint8_t>() + (first + row) * bytes;
    weight.packing == Packing::int8 ? pack_blocks<BlockInt8>(rows, to) : pack_blocks<BlockInt4>(rows, to);
    if (packed) packed(rows);
  }
}

Tensor unpack(const PackedWeight& weight) {
  Tensor w_EOI = at::empty({weight.experts(), weight.outs(), weight.ins}, at::kFloat);
  const int64_t blocks = w_EOI.numel() / kPackedBlock;
  const auto* from = weight.blocks.const_data_ptr<uint8_t>();
  float* to = w_EOI.mutable_data_ptr<float>();
  if (weight.packing == Packing::int8)
    dot_kernels().unpack_int8(reinterpret_cast<const BlockInt8*>(from), blocks, to);
  else
    dot_kernels().unpack_int4(reinterpret_cast<const BlockInt4*>(from), blocks, to);
  return w_EOI;
}

Tensor packed_rows(const Tensor& x_NI, const PackedWeight& weight, Offsets offsets) {
  require(x_NI.dim() == 2 && x_NI.is_cpu() && x_NI.size(1) == weight.ins, "[packed] rows [{}] for {} columns",
          fmt::join(x_NI.sizes(), ", "), weight.ins);
  const Tensor x = x_NI.to(at::kFloat).contiguous();
  const int64_t N = x.size(0), outs = weight.outs();
  Tensor y_NO = at::empty({N, outs}, x.options());
  const float* from = x.const_data_ptr<float>();
  float* to = y_NO.mutable_data_ptr<float>();
  std::vector<const float*> row(static_cast<size_t>(N));
  for (int64_t r = 0; r < N; ++r) row[static_cast<size_t>(r)] = from + r * weight.ins;
  const auto& dot = dot_kernels();
  const WeightRows rows_of(weight);
  each_block(Groups(offsets), outs, threads_for(N * outs * weight.ins),
             [&](int64_t e, int64_t first, int64_t rows, int64_t begin, int64_t width) {
               multiply(dot, &row[static_cast<size_t>(first)], rows, rows_of, e * outs + begin, width,
                        to + first * outs + begin, outs);
             });
  return y_NO.to(x_NI.scalar_type());
}

}  // namespace conclave::kernels
