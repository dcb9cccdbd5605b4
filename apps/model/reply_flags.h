/// Options of the verbs that make a model speak.
#pragma once

#include "apps/common/verb.h"
#include "models/checkpoint/speaker.h"

namespace conclave {

class ReplyFlags {
 public:
  void declare(Options& options);
  /// Loads the model with the common options' threads and dtype.
  Speaker load(Invocation& call) const;
  /// What the model's folder is called in records.
  std::string model_name() const;
  /// What was asked for; on_text prints unless JSON is wanted, and Ctrl-C ends the reply.
  ReplyOptions options(const Invocation& call) const;

 private:
  std::filesystem::path folder_, draft_, schema_;
  int64_t ahead_ = 4;
  bool no_cache_ = false;
  std::string weights_;
  ReplyOptions options_;
};

/// `text` without what moves a terminal's cursor or rings its bell.
std::string harmless(std::string_view text);

/// The dtype that --dtype asks for; none for "auto". Throws UsageError for one that published models do not
/// run in, and for a --device that they do not run on.
std::optional<at::ScalarType> published_dtype(const CommonOptions& common);

/// {"text", "tokens": [{"id", "text", "log_prob"}], "log_prob", "end", "prompt_tokens", "read_tokens"}, with
/// a draft also "proposed_tokens" and "accepted_tokens", with `pictures` "seen_pictures".
Json reply_record(const Reply& reply, const Tokenizer& tokenizer, bool pictures = false);

}  // namespace conclave
