/// What decoding asks of a model.
#pragma once

#include <vector>

#include "framework/blocks/decode_state.h"

namespace conclave {

/// A model that goes on from a state. Features and logits are apart so that long prompts need logits of their
/// last token alone.
struct LanguageModel {
  virtual ~LanguageModel() = default;
  /// Reads ids int64 [N,L] behind what `state` holds; gives features [N,L,D]. valid_NL bool marks tokens that
  /// are not padding; undefined: all.
  virtual Tensor step(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state) = 0;
  /// Features [...,D] -> logits of the next token [...,V].
  virtual Tensor logits(const Tensor& features) = 0;
};

/// N sequences that were read, and what the model expects next.
struct Prompt {
  DecodeState state;
  Tensor logits_NV;
  std::vector<std::vector<int64_t>>
      tokens;  ///< the ids that were read, for the repetition penalty; may be empty

  int64_t rows() const { return logits_NV.size(0); }
};

/// Reads a batch of prompts, padded on either side, on top of `state` (pictures, say). Every row needs a
/// valid token. Throws Error.
Prompt read_prompt(LanguageModel& model, const Tensor& ids_NL, const Tensor& valid_NL, DecodeState state);

}  // namespace conclave
