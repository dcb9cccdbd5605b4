/// Questions as the tensors that a Vlm reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/tensor/module.h"
#include "framework/text/tokenizer.h"

namespace conclave {

/// Ids that structure a sequence: question <answer> answer <eos>.
struct VlmTokens {
  static constexpr const char *kPad = "<pad>", *kAnswer = "<answer>", *kEos = "<eos>";
  int64_t pad = 0, answer = 0, eos = 0;
  /// Throws DataError when the tokenizer lacks one of them.
  static VlmTokens of(const Tokenizer& tokenizer);
};

/// A question, without special tokens of its own, as ids that end with <answer>.
std::vector<int64_t> question_ids(const Tokenizer& tokenizer, const VlmTokens& tokens,
                                  const std::string& question);

/// Token rows padded on the right.
struct PaddedRows {
  Tensor ids_NL;    ///< int64
  Tensor valid_NL;  ///< bool
};
PaddedRows pad_rows(const std::vector<std::vector<int64_t>>& rows, int64_t pad);

/// Tiles of several pictures (each uint8 or float [Ni,3,S,S]) as one batch, filled with blank tiles.
struct TileRows {
  Tensor tiles_BN3SS;
  Tensor valid_BN;  ///< undefined when every row is full
};
TileRows pad_tiles(const std::vector<Tensor>& tiles);

/// What training needs: B pictures with Q questions each, N = B·Q rows, and where the answers are.
struct VlmBatch {
  TileRows pictures;
  PaddedRows text;
  Tensor place_A;   ///< int64, places in the flattened N·L whose next token is part of an answer
  Tensor target_A;  ///< int64, that next token
  Tensor row_A;     ///< int64, the row of each
};

/// rows[n]: the question's ids (ending with <answer>) and the answer's ids (ending with <eos>).
struct QuestionRow {
  std::vector<int64_t> question, answer;
};
VlmBatch make_batch(const std::vector<Tensor>& tiles, const std::vector<QuestionRow>& rows, int64_t pad);

}  // namespace conclave
