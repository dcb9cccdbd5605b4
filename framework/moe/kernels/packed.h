/// Weights of a bank of matrices in blocks of 8 or 4 bits, and products that read the blocks.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "framework/moe/kernels/backend.h"

namespace conclave::kernels {

/// Blocks of 32 along a row with one float16 scale each: 8.5 and 4.5 bits a weight (cpu/dot.h).
enum class Packing : uint8_t { int8, int4 };

/// E matrices of `outs` rows and `ins` columns.
struct PackedWeight {
  Packing packing = Packing::int8;
  Tensor blocks;  ///< uint8 [E, outs, bytes of a row]; undefined: no weight
  int64_t ins = 0;

  bool defined() const { return blocks.defined(); }
  int64_t experts() const { return blocks.size(0); }
  int64_t outs() const { return blocks.size(1); }
};

/// Whether rows of so many columns can be cut into blocks.
bool can_pack(int64_t ins);
/// Bytes of a row of `ins` weights.
int64_t packed_row_bytes(Packing packing, int64_t ins);
/// Each block keeps its largest weight: as 127 steps of int8, as -8 steps of int4, and the rest is rounded.
/// w_EOI of any floating type on the host, ins a multiple of 32. Throws Error.
PackedWeight pack(const Tensor& w_EOI, Packing packing);
/// Room for E matrices, to be filled by pack_rows. Throws Error for rows that cannot be cut into blocks.
PackedWeight unfilled(Packing packing, int64_t experts, int64_t outs, int64_t ins);
/// Packs rows w_RI of any floating type into the place of row `first` on, counted over all matrices: a few
/// megabytes of float32 at a time, so that what is behind them can be given back by `packed`.
void pack_rows(PackedWeight& weight, int64_t first, const Tensor& w_RI,
               const std::function<void(const Tensor& done_RI)>& packed = {});
/// The weights as float32 [E,O,I].
Tensor unpack(const PackedWeight& weight);

/// y_NO[r] = w[e] x[r] for the rows offsets[e] .. offsets[e+1]: x_ND [N,I] float32 or bfloat16 -> [N,O] in
/// x's dtype, summed in float32. Gradients reach x alone: the weights are frozen, and unpacked matrix by
/// matrix.
Tensor packed_product(const Tensor& x_NI, const PackedWeight& weight, Offsets offsets);

/// The same without gradients.
Tensor packed_rows(const Tensor& x_NI, const PackedWeight& weight, Offsets offsets);

}  // namespace conclave::kernels
