/// Rotary positions (arXiv 2104.09864): channel i turns together with i + dim/2, or with its neighbour.
#pragma once

#include <vector>

#include "framework/tensor/module.h"

namespace conclave {

/// Angles of one pass, made once and used by every layer.
struct Rotation {
  Tensor cos_N1LC, sin_N1LC;  ///< float32 [N,1,L,dim/2]
  bool pairs = false;         ///< as in Rotary
  bool defined() const { return cos_N1LC.defined(); }
};

/// Where the angles come from; has no tensors of its own.
struct Rotary {
  int64_t dim = 0;  ///< rotated channels of a head; those behind stay as they are
  double theta = 10000;
  /// M-RoPE: how many of the dim/2 frequencies follow each row of positions (time, height, width).
  std::vector<int64_t> sections = {};
  bool interleaved = false;  ///< M-RoPE frequencies by turns (Qwen3-VL), not in runs (Qwen2-VL)
  /// M-RoPE as ERNIE 4.5 VL has it: frequencies follow height and width by turns, the last ones time;
  /// `sections` then lists height, width, time.
  bool time_last = false;
  /// For pictures: positions [2,N,L] are rows and columns of a grid; half of the channels turns with each, at
  /// frequencies theta^(-4i/dim). dim is then a multiple of 4.
  bool grid = false;
  /// Channels 2i and 2i+1 turn together; they leave in the half-split order, which products do not see.
  bool pairs = false;
  Tensor frequency_C = {};      ///< float64 [dim/2], in place of the powers of theta; undefined: those
  Tensor far_frequency_C = {};  ///< the same for passes that reach position `far` (LongRoPE); undefined: none
  int64_t far = 0;
  double magnitude = 1;  ///< cos and sin are multiplied by it (YaRN, LongRoPE)

  /// The unscaled frequencies theta^(-2i/dim), float64 [dim/2].
  Tensor plain_frequencies() const;
  /// position int64 [N,L], or [S,N,L] with S sections (an [N,L] then counts for all of them). Frequency i is
  /// theta^(-2i/dim). Throws UsageError when the sections do not fill dim/2.
  Rotation angles(const Tensor& position) const;
};

/// Turns the first channels of x [N,H,L,C]; computes in float32 and returns x's dtype.
Tensor rotate(const Tensor& x_NHLC, const Rotation& rotation);

}  // namespace conclave
