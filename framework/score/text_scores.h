/// How near texts are to their references, each score equal to the tool that it is usually taken from.
#pragma once

#include <array>

#include "framework/score/words.h"

namespace conclave {

/// One text and what it should have been; at least one reference.
struct ScoredText {
  Words text;
  std::vector<Words> references;
};

/// What BLEU adds up over texts.
struct BleuCounts {
  std::array<int64_t, 4> right{}, all{};  ///< n-grams by length
  int64_t length = 0, reference_length = 0;

  BleuCounts& operator+=(const BleuCounts& other);
};
BleuCounts bleu_counts(const ScoredText& text);
std::array<double, 4> bleu(const BleuCounts& counts);

/// BLEU-1 to BLEU-4 of a corpus (Papineni et al., ACL 2002), 0 to 100: clipped n-gram precisions, their
/// geometric mean, brevity penalty by the closest reference length, no smoothing. Equals sacrebleu.
std::array<double, 4> corpus_bleu(const std::vector<ScoredText>& texts);

/// ROUGE-N (Lin, 2004): F1 of n-gram counts; of several references the best. Equals rouge-score.
double rouge_n(const ScoredText& text, size_t n);
/// ROUGE-L: F1 of the longest common subsequence; of several references the best. Equals rouge-score.
double rouge_l(const ScoredText& text);
/// ROUGE-L as the COCO tools have it: the best precision and the best recall, recall weighed by 1.2².
/// Equals pycocoevalcap.
double rouge_l_coco(const ScoredText& text);

/// CIDEr-D (Vedantam et al., CVPR 2015), 0 to 10, mean over the corpus; how rare an n-gram is comes from the
/// references, so below a hundred texts it is unsteady. Equals pycocoevalcap.
double cider_d(const std::vector<ScoredText>& texts);
/// Of each text; their mean is the corpus's.
std::vector<double> cider_d_by_text(const std::vector<ScoredText>& texts);

/// A variant of METEOR (Banerjee and Lavie, 2005): words match when they are equal, no stems or synonyms;
/// Fmean = 10PR/(R+9P), penalty 0.5·(chunks/matches)³. Of several references the best. Not comparable with
/// the Java tool.
double meteor_exact(const ScoredText& text);

/// Different texts over all texts: near 0 says that one report was written for everything.
double distinct_ratio(const std::vector<std::string>& texts);

}  // namespace conclave
