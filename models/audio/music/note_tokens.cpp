#include "models/audio/music/note_tokens.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"

namespace conclave {

std::vector<int64_t> chord_tokens(const Chord& chord) {
  std::vector<int64_t> tokens;
  for (size_t i = chord.size(); i-- > 0;) {
    require(chord[i] >= kLowestKey && chord[i] <= kHighestKey && (i == 0 || chord[i - 1] < chord[i]),
            "[music] a chord's keys must rise from {} to {}", kLowestKey, kHighestKey);
    tokens.push_back(chord[i] - kLowestKey);
  }
  tokens.push_back(kEndToken);
  return tokens;
}

Chord tokens_chord(std::span<const int64_t> tokens) {
  Chord chord;
  for (const int64_t token : tokens) {
    if (token >= kEndToken) break;
    chord.push_back(kLowestKey + static_cast<int>(token));
  }
  std::reverse(chord.begin(), chord.end());
  return chord;
}

NoteBatch make_note_batch(std::span<const std::span<const Chord>> pieces) {
  require(!pieces.empty(), "[music] a batch needs a piece");
  size_t frames = 0, notes = 0;
  for (const auto& piece : pieces) {
    frames = std::max(frames, piece.size());
    for (const auto& chord : piece) notes = std::max(notes, chord.size());
  }
  const auto b = static_cast<int64_t>(pieces.size()), t = static_cast<int64_t>(frames),
             n = static_cast<int64_t>(notes) + 1;
  NoteBatch batch{at::full({b, t, n}, kPadToken, at::kLong), at::zeros({b, t}, at::kBool)};
  auto* tokens = batch.tokens_BTN.data_ptr<int64_t>();
  auto* valid = batch.valid_BT.data_ptr<bool>();
  for (size_t i = 0; i < pieces.size(); ++i) {
    for (size_t f = 0; f < pieces[i].size(); ++f) {
      const auto spelled = chord_tokens(pieces[i][f]);
      std::copy(spelled.begin(), spelled.end(), tokens + (i * frames + f) * (notes + 1));
      valid[i * frames + f] = true;
    }
  }
  return batch;
}

Tensor sounding_keys(const NoteBatch& batch) {
  return at::zeros({batch.pieces(), batch.frames(), kNoteTokens}, at::kFloat)
      .scatter(2, batch.tokens_BTN, 1)
      .narrow(2, 0, kPianoKeys);
}

}  // namespace conclave
