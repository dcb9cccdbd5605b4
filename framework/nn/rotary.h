/// Rotary positions (arXiv 2104.09864) in the half-split layout: channel i turns together with i + dim/2.
#pragma once

#include <vector>

#include "framework/tensor/module.h"

namespace conclave {

/// Angles of one pass, made once and used by every layer.
struct Rotation {
  Tensor cos_N1LC, sin_N1LC;  ///< float32 [N,1,L,dim/2]
  bool defined() const { return cos_N1LC.defined(); }
};

/// Where the angles come from; has no tensors of its own.
struct Rotary {
  int64_t dim = 0;  ///< rotated channels of a head; those behind stay as they are
  double theta = 10000;
  /// M-RoPE: how many of the dim/2 frequencies follow each row of positions (time, height, width).
  std::vector<int64_t> sections = {};
  bool interleaved = false;  ///< M-RoPE frequencies by turns (Qwen3-VL), not in runs (Qwen2-VL)
  /// For pictures: positions [2,N,L] are rows and columns of a grid; half of the channels turns with each, at
  /// frequencies theta^(-4i/dim). dim is then a multiple of 4.
  bool grid = false;

  /// position int64 [N,L], or [S,N,L] with S sections (an [N,L] then counts for all of them). Frequency i is
  /// theta^(-2i/dim). Throws UsageError when the sections do not fill dim/2.
  Rotation angles(const Tensor& position) const;
};

/// Turns the first channels of x [N,H,L,C]; computes in float32 and returns x's dtype.
Tensor rotate(const Tensor& x_NHLC, const Rotation& rotation);

}  // namespace conclave
