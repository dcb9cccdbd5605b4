/// Keys and values of what a model has already read, for a batch of sequences.
///
/// The state is a stack of segments, and only the last one grows. `fork` puts a new segment on top, whose
/// rows share those below: B pictures read once serve B·Q questions, each question B·Q·A answers, without
/// copies. Invariants:
///  1. Rows of a segment divide the rows of every later one; row n of N reads row n / (N/R) of R.
///  2. Where gradients are recorded, nothing is written in place, so they flow back through every segment.
///  3. It is a value: a copy never changes when the original goes on (a buffer that is shared is not
///  written).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "framework/nn/attend.h"

namespace conclave {

struct DecodeState {
  struct Segment {
    int64_t length = 0;            ///< tokens of each row
    Tensor valid_RL;               ///< bool, false for padding; undefined: all valid
    std::vector<KeyValue> layers;  ///< by layer; may have room for more than `length` tokens
  };
  /// What a recurrent layer (GatedDeltaNet) keeps in place of keys and values. Its tensors are replaced,
  /// never written in place, and hold what all segments gave.
  struct Recurrent {
    Tensor window_NWC;   ///< the last inputs of its convolution
    Tensor memory_NHKV;  ///< float32
  };
  std::vector<Segment> segments;
  std::vector<Recurrent> recurrent;  ///< by layer, as far as one was used
  Tensor adapter_N;  ///< int64, which adapter each row runs through (TokenContext); undefined: nothing said
  Tensor seen_N;     ///< int64, valid tokens read so far by each row: the position of the next one

  /// An empty state for a model of so many attention layers.
  explicit DecodeState(int64_t layers);

  /// Sequences now; 0 before the first pass.
  int64_t rows() const { return seen_N.defined() ? seen_N.size(0) : 0; }
  /// Tokens of a row over all segments, padding counted.
  int64_t length() const;
  /// Each row goes on as `copies` rows, side by side, that share what was read so far.
  DecodeState fork(int64_t copies) const;
  /// New row i goes on from row rows[i] (int64 [N']): beams that survived, sequences that are not done.
  DecodeState select(const Tensor& rows) const;

  /// Adds a layer's keys and values [N,Hkv,L,C] of the tokens of this pass to the last segment; gives all
  /// pieces to attend to. An undefined v stands for k itself, which is then kept once. Called once per layer
  /// and pass, then `advance`.
  std::vector<KeyValue> append(int64_t layer, const Tensor& k, const Tensor& v);
  /// What recurrent layer `layer` keeps; undefined tensors before its first pass.
  Recurrent& recurrent_of(int64_t layer);
  /// Ends a pass of `tokens` tokens a row. valid_NL bool, undefined: all valid.
  void advance(int64_t rows, int64_t tokens, const Tensor& valid_NL, at::Device device);
};

}  // namespace conclave
