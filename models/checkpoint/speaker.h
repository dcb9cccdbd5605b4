/// A published model with text in and text out.
#pragma once

#include "framework/generate/generate.h"
#include "framework/text/published_text.h"
#include "models/checkpoint/checkpoint.h"
#include "models/multimodal/picture_processor.h"

namespace conclave {

struct ReplyOptions {
  Sampling sampling = {};
  int64_t max_tokens = 256;
  std::vector<std::string> stop = {};  ///< texts that end a reply; the text itself is left out
  uint64_t seed = 0;
  /// Gets the text as it comes, in whole characters; false ends the reply.
  std::function<bool(std::string_view)> on_text = {};
};

struct Reply {
  std::string text;
  std::vector<int64_t> tokens;    ///< without the one that ended it
  std::vector<double> log_probs;  ///< under the model, one a token
  double log_prob = 0;            ///< of the whole, the token that ended it counted
  enum class End { length, stop_token, stop_text, caller } end = End::length;
  int64_t prompt_tokens = 0;
};

/// "length", "stop_token", ...
const char* name_of(Reply::End end);

class Speaker {
 public:
  /// Throws DataError and UsageError as open_checkpoint and read_published_text do, and when the tokenizer
  /// has ids that the model lacks.
  static Speaker load(const std::filesystem::path& folder, std::optional<at::ScalarType> dtype = {},
                      std::optional<kernels::Packing> packing = {});

  const CheckpointFolder& folder() const { return folder_; }
  const PublishedText& text() const { return text_; }
  /// Tokens that fit into prompt and reply; 0: the folder does not say.
  int64_t context() const { return context_; }

  /// Goes on from `prompt`; `raw` puts the tokenizer's template around it (conversations have their own).
  /// Pictures uint8 [H,W,3] stand where the prompt has the model's token for one, in their order. Throws
  /// UsageError for a prompt that is empty or longer than the context, and when places and pictures do not
  /// match.
  Reply reply(const std::string& prompt, bool raw, const std::vector<Tensor>& pictures,
              const ReplyOptions& options) const;

 private:
  CheckpointFolder folder_;
  PublishedText text_;
  Speaker(CheckpointFolder folder, PublishedText text) : folder_(std::move(folder)), text_(std::move(text)) {}
  Inputs inputs(std::vector<int64_t> ids, const std::vector<Tensor>& pictures) const;

  Ptr<Multimodal> model_;
  int64_t context_ = 0;
};

}  // namespace conclave
