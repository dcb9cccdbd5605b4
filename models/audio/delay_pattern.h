/// Codebooks of one frame are predicted some steps apart, so that each sees those before it (MusicGen, arXiv
/// 2306.05284).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace conclave {

using at::Tensor;

struct DelayPattern {
  std::vector<int64_t> delay;  ///< steps by which each codebook comes late
  int64_t bos = 0;             ///< stands where a codebook has not begun
  int64_t eos = 0, pad = 0;    ///< stand behind its last code

  int64_t channels() const { return static_cast<int64_t>(delay.size()); }
  int64_t longest() const;
  /// Frames [B,T,C] -> steps [B,T,C]; what comes later than step T is lost.
  Tensor apply(const Tensor& frames_BTC) const;
  /// Steps [B,T,C] -> frames [B,T,C]; the last steps stand for frames that are not there. With `length` below
  /// T, frames that would come from step `length` or later are `pad`.
  Tensor revert(const Tensor& steps_BTC, int64_t length) const;
  /// A whole piece [T,C] as steps [T+longest+1,C]: begun by bos, ended by an eos where it has a
  /// place, filled up by pad.
  Tensor whole(const Tensor& frames_TC) const;
  /// What generation starts from: one step of bos, then the prompts' frames [T,C] (undefined: none), delayed;
  /// -1 where a code is to be predicted. [B, longest prompt + longest + 1, C].
  Tensor prefill(const std::vector<Tensor>& prompts) const;
};

}  // namespace conclave
