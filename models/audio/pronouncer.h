/// How an English word is pronounced: letters in, phones out, by a small language model of both.
///
///   letters [say] phones [end]
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/train/train_task.h"
#include "models/text/causal_lm.h"

namespace conclave {

struct Pronouncer : Module {
  std::vector<std::string> phones;
  Ptr<CausalLm> lm;

  // Ids: letters, apostrophe, phones, marks.
  int64_t phone(int64_t i) const;
  int64_t say() const { return phone(std::ssize(phones)); }
  int64_t end() const { return say() + 1; }
  /// letters [say]. Throws UsageError for what is neither a small letter nor an apostrophe, and for no
  /// letter.
  std::vector<int64_t> prompt(std::string_view word) const;
  /// The most probable phones one by one; the same word gives the same ones.
  std::vector<std::string> of(const std::string& word) const;
  void visit(Visitor& v) override { lm->visit(v); }
};

/// {"kind": "pronouncer", "phones": [..], "text": {keys of make_transformer}}. UsageError names the key.
Ptr<Pronouncer> make_pronouncer(const Json& config);

struct PronouncedWord {
  std::string word;
  std::vector<std::string> phones;
};

/// evaluate() reports of held-out words "nll" a phone, "phone_error_rate" (edits for each phone wanted) and
/// "word_error_rate" (share of words with an edit).
class PronouncerTask : public TrainTask {
 public:
  /// Throws UsageError that names a word or phone that the model does not have.
  PronouncerTask(Ptr<Pronouncer> model, std::vector<PronouncedWord> words,
                 std::vector<PronouncedWord> held_out);
  Module& model() override { return *model_; }
  int64_t items() const override { return std::ssize(words_); }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;

 private:
  struct Row {
    std::vector<int64_t> ids;
    int64_t asked;  ///< of them, the last ones
  };
  Row row(const PronouncedWord& word) const;
  Tensor mean_nll(const std::vector<const Row*>& rows, const TokenContext& context) const;

  Ptr<Pronouncer> model_;
  std::vector<Row> words_, held_out_rows_;
  std::vector<PronouncedWord> held_out_;
};

}  // namespace conclave
