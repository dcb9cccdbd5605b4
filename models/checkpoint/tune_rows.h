/// Texts that a published model is tuned on, as its tokens.
#pragma once

#include <filesystem>
#include <vector>

#include "framework/text/published_text.h"

namespace conclave {

struct TuneRow {
  std::vector<int64_t> ids;
  int64_t asked_from = 1;  ///< place of the first token that is to be learnt
  int64_t task = -1;       ///< what its tokens' TokenContext::task_T says; -1: nothing
};

struct TuneRows {
  std::vector<TuneRow> rows;
  int64_t cut = 0;  ///< rows that were longer than allowed
};

/// JSON lines, each of one of the forms
///   {"text": T}                      all of T is learnt
///   {"prompt": P, "reply": R}        R is learnt, behind P as it is
///   {"messages": [..., {"role": "assistant", "content": R}]}  R is learnt, behind the others by the folder's
///                                    chat template
/// and perhaps "task": 0 or 1 (LoRAMoE's balance), with the token that ends an answer behind it, where the
/// folder names one. A row longer than `longest` tokens is cut at its end; one whose prompt alone is as long
/// is left out, and counted as cut too. Throws DataError that names file and line.
TuneRows read_tune_rows(const std::filesystem::path& file, const PublishedText& text, int64_t longest);

}  // namespace conclave
