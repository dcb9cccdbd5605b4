/// Answers questions about pictures, many at a time.
///
/// Each answer is what the question alone would get: batch size, kept pictures and threads change
/// probabilities by no more than float32 rounding (1e-5).
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <span>

#include "framework/moe/edits.h"
#include "models/vlm/picture_memory.h"
#include "models/vlm/vqa_model.h"

namespace conclave {

/// Changes of routing while the pictures and while the question is read.
struct QueryEdits {
  Edits pictures, question;
};

struct VqaQuery {
  std::vector<std::filesystem::path> pictures;
  std::string question;
  const QueryEdits* edits = nullptr;  ///< outlives the call; such a query is answered by itself
};

struct VqaOptions {
  int64_t top_k = 5;                         ///< answers to list, and the beams of the search; 1 is greedy
  int64_t max_tokens = 32;                   ///< of an answer
  std::vector<std::string> candidates = {};  ///< the answers to choose from; empty: any
  int64_t batch = 16;
  int64_t frames = 0;                       ///< of a video; 0: as many as the model has room for
  bool share_pictures = true;               ///< read pictures once for all questions about them
  size_t memory_bytes = size_t{256} << 20;  ///< of pictures kept for later batches
  bool blank_pictures = false;              ///< every picture is grey: what can be had without seeing
  Edits edits = {};           ///< of every query's routing, beside its own: experts that may not be chosen
  bool keep_routing = false;  ///< hand out each token's routing; questions are then read one by one
};

/// A query's routing in one pass, one record a site.
struct PassRouting {
  std::string part;  ///< "pictures", "question", "answer"
  std::vector<Record> records;
  std::vector<std::string> words;  ///< text of each token; none for pictures
};

struct VqaAnswer {
  std::exception_ptr error;  ///< then nothing else holds
  /// The best first, never empty. Probability of the whole answer with its end; over the candidates, where
  /// there are any.
  std::vector<std::pair<std::string, double>> top;
  std::vector<PictureNote> pictures;
  int64_t visual_tokens = 0, question_tokens = 0;
  bool remembered = false;  ///< the pictures had been read for an earlier question
  double see_ms = 0;        ///< share in reading the pictures, 0 when remembered
  double read_ms = 0;       ///< share in reading the question and finding the answer
  double wall_ms = 0;       ///< from the beginning of the batch to its answers
  Trace trace;              ///< of picture and question tokens; sites as they are in the model
  std::vector<PassRouting> routing;
};

/// Bytes that a question may have.
constexpr size_t kMaxQuestionBytes = 8192;
/// Whether so many questions, the longest of so many bytes, may be read side by side: memory grows with their
/// number times the square of the length.
constexpr bool fit_a_batch(size_t questions, size_t longest) {
  return questions <= 1 || questions * longest <= kMaxQuestionBytes;
}
/// Throws UsageError for a question that is empty or too long.
void check_question(const std::string& question);

class VqaEngine {
 public:
  /// `model` outlives it. Throws UsageError on wrong options.
  VqaEngine(const VqaModel& model, VqaOptions options);
  /// One answer a query, in their order. A query that cannot be answered has its error; the others are not
  /// touched by it.
  std::vector<VqaAnswer> answer(std::span<const VqaQuery> queries);
  const VqaOptions& options() const { return options_; }

 private:
  struct Group;
  void answer_batch(std::span<const VqaQuery> queries, std::span<VqaAnswer> answers);
  std::vector<Group> group(std::span<const VqaQuery> queries, std::span<VqaAnswer> answers);
  PictureSet load(const VqaQuery& query) const;
  void see(const std::vector<Group*>& groups, const QueryEdits* edits);
  /// Those of every query and then `own`.
  Edits edits_with(const Edits* own) const;
  void read(const std::vector<Group>& groups, std::span<const VqaQuery> queries,
            std::span<VqaAnswer> answers) const;

  const VqaModel& model_;
  const VqaOptions options_;
  std::vector<std::vector<int64_t>> candidate_ids_;
  PictureMemory memory_;
};

}  // namespace conclave
