/// Texts to words for scoring, as the reference tools split them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave {

using Words = std::vector<std::string>;

/// How a text is split. Scores of different ways cannot be compared.
enum class Splitting : uint8_t {
  mteval_13a,  ///< punctuation apart, numbers whole (the WMT's; sacrebleu's default)
  chinese,     ///< each Chinese character apart, the rest as mteval_13a (sacrebleu's "zh")
  characters,
  blanks,        ///< at white space alone
  plain_words,   ///< lower case, only a-z and 0-9 (rouge-score without stemming)
  coco_captions  ///< mteval_13a in lower case without punctuation; near the Penn Treebank splitting of the
                 ///< COCO tools, which is Java, but not the same
};

/// "13a", "zh", "char", "blanks", "rouge", "coco". Throws UsageError.
Splitting parse_splitting(const std::string& name);
Words split_words(std::string_view text, Splitting splitting);

}  // namespace conclave
