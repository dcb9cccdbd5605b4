/// One run of a batch through a stack of layers: what all of them share, made once.
#pragma once

#include "framework/blocks/decode_state.h"
#include "framework/nn/attend.h"
#include "framework/nn/rotary.h"

namespace conclave {

/// N sequences of L tokens.
struct PassInput {
  Tensor position = {};  ///< int64 [N,L], or [S,N,L] for M-RoPE; undefined: counted over the valid tokens
  Tensor valid_NL = {};  ///< bool, false for padding on either side; undefined: all valid
  bool causal = true;
  int64_t window = 0;  ///< with `causal`: a token sees itself and so many - 1 places before it; 0: all
  Blind blind = Blind::weighed;  ///< what padding gets that sees no token
  int64_t prefix = 0;  ///< with `causal`: the first tokens of the pass, which also see each other both ways
  /// Added to the outputs of the first layers, [N,L,D] each (DeepStack, arXiv 2406.04334); undefined:
  /// nothing.
  std::span<const Tensor> after_layer = {};
  std::vector<Tensor>* layer_outputs = nullptr;  ///< gets the output [N,L,D] of every layer
};

/// Padding is seen by nobody; where it sees no token itself it sees all, so that no row is ever without keys.
struct Pass {
  Rotation rotation;  ///< undefined: no rotary positions
  Visibility visibility;
  DecodeState* past = nullptr;  ///< null: nothing is kept
  bool causal = true;           ///< every token sees what is before it alone
  Tensor valid_NL;              ///< bool; undefined: all valid
  Tensor valid_V;               ///< int64, places in N·L of the valid tokens; undefined: all valid
};

/// Positions of the pass's tokens [N,L]: as given, or counted on from what `past` has read.
Tensor pass_positions(const PassInput& input, int64_t rows, int64_t tokens, const DecodeState* past,
                      at::Device device);
/// Who sees whom: everything valid in `past`, and the pass's own tokens as `input` says.
Visibility pass_visibility(const PassInput& input, int64_t rows, int64_t tokens, const DecodeState* past,
                           at::Device device);

}  // namespace conclave
