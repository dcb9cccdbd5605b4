/// Chords as tokens: the keys from high to low, then an end. Each set of keys has exactly one spelling, so
/// probabilities of spellings are probabilities of sets.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "framework/media/piano_roll.h"

namespace conclave {

using at::Tensor;

constexpr int64_t kEndToken = kPianoKeys;      ///< the chord is complete
constexpr int64_t kPadToken = kPianoKeys + 1;  ///< behind the end
constexpr int64_t kNoteTokens = kPianoKeys + 2;

/// {107-21, ..., kEndToken}. Throws Error for a key outside the piano or keys that do not rise.
std::vector<int64_t> chord_tokens(const Chord& chord);
/// The chord that tokens spell, up to the end or the padding.
Chord tokens_chord(std::span<const int64_t> tokens);

/// B pieces of up to T frames; frames behind a piece's last one are padding throughout.
struct NoteBatch {
  Tensor tokens_BTN;  ///< int64, N-1 keys at most in one frame
  Tensor valid_BT;    ///< bool

  int64_t pieces() const { return tokens_BTN.size(0); }
  int64_t frames() const { return tokens_BTN.size(1); }
};

/// Throws Error for no pieces.
NoteBatch make_note_batch(std::span<const std::span<const Chord>> pieces);
/// 1 where a key sounds, else 0: float32 [B,T,88].
Tensor sounding_keys(const NoteBatch& batch);

}  // namespace conclave
