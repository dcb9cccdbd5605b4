/// Texts that a published model is tuned on, as its tokens.
#pragma once

#include <filesystem>
#include <vector>

#include "framework/text/published_text.h"
#include "models/multimodal/picture_processor.h"

namespace conclave {

struct TuneRow {
  std::vector<int64_t> ids;
  int64_t asked_from = 1;                            ///< place of the first token that is to be learnt
  std::vector<std::filesystem::path> pictures = {};  ///< in the order of their places
  int64_t task = -1;  ///< what its tokens' TokenContext::task_T says; -1: nothing
};

struct TuneRows {
  std::vector<TuneRow> rows;
  int64_t cut = 0;  ///< rows that were longer than allowed
};

/// How rows name pictures, for a model that reads some.
struct RowPictures {
  PictureProcessor processor;
  int64_t place;  ///< the id that stands for one
};

/// JSON lines, each of one of the forms
///   {"text": T}                      all of T is learnt
///   {"prompt": P, "reply": R}        R is learnt, behind P as it is
///   {"messages": [..., {"role": "assistant", "content": R}]}  R is learnt, behind the others by the folder's
///                                    chat template
/// the last perhaps with "images": names of pictures, looked for beside the file (in images/ where there is
/// such a folder); they stand before the words of the first of the user's turns, or where the contents have
/// {"type": "image"}. Any has perhaps "task": 0 or 1 (LoRAMoE's balance), with the token that ends an answer
/// behind it, where the folder names one. A row longer than `longest` tokens is cut at its end; one whose
/// prompt alone is as long is left out, and counted as cut too. Throws DataError that names file and line.
TuneRows read_tune_rows(const std::filesystem::path& file, const PublishedText& text, int64_t longest,
                        const RowPictures* pictures = nullptr);

}  // namespace conclave
