/// SentencePiece's .model files: BPE and unigram models with their table of rewritten characters.
#pragma once

#include "framework/text/tokenizer.h"

namespace conclave {

/// What published folders say beside the file.
struct SentencePieceOptions {
  bool bos = false, eos = false;  ///< put around every text
  bool prefix_first = false;      ///< the space in front of words is put before the text alone, not behind
                                  ///< special tokens too ("legacy": false)
};

/// Control pieces (<s>, </s>) become special tokens, user-defined ones added tokens that are looked for in
/// the text as it is. Throws DataError that names what is not supported.
Tokenizer load_sentencepiece(const std::filesystem::path& path, const SentencePieceOptions& options = {},
                             const TokenizerLimits& limits = {});
/// The same from memory; `name` stands in the messages.
Tokenizer parse_sentencepiece(std::string_view bytes, const std::string& name,
                              const SentencePieceOptions& options = {}, const TokenizerLimits& limits = {});

}  // namespace conclave
