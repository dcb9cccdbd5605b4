/// A published model with text in and text out.
#pragma once

#include <array>

#include "framework/generate/generate.h"
#include "framework/moe/routing_log.h"
#include "framework/text/json_constraint.h"
#include "framework/text/published_text.h"
#include "models/checkpoint/adapter_set.h"
#include "models/multimodal/picture_looker.h"
#include "models/multimodal/video_processor.h"

namespace conclave {

struct ReplyOptions {
  Sampling sampling = {};
  int64_t max_tokens = 256;
  std::string adapter = {};            ///< one of add_adapters'; empty: the model as it is
  std::vector<std::string> stop = {};  ///< texts that end a reply; the text itself is left out
  uint64_t seed = 0;
  /// Replies are JSON that keeps to it, unless max_tokens end them sooner; null: any text.
  std::shared_ptr<const JsonSchema> schema = {};
  /// Gets the text as it comes, in whole characters; false ends the reply.
  std::function<bool(std::string_view)> on_text = {};
};

struct Reply {
  std::string text;
  std::vector<int64_t> tokens;    ///< without the one that ended it
  std::vector<double> log_probs;  ///< under the model, one a token
  double log_prob = 0;            ///< of the whole, the token that ended it counted
  enum class End { length, stop_token, stop_text, caller, json } end = End::length;
  int64_t prompt_tokens = 0;
  int64_t read_tokens = 0;             ///< of the prompt; fewer when the beginning was read before
  int64_t proposed = 0, accepted = 0;  ///< tokens of the draft
  int64_t seen_pictures = 0;           ///< those that the model had to look at
};

/// What a prompt asks about, each in its place among the words.
struct Sights {
  std::vector<Tensor> pictures;  ///< uint8 [H,W,3]
  std::vector<Frames> videos;    ///< as Speaker::load_video gives them

  Sights(std::vector<Tensor> pictures = {}, std::vector<Frames> videos = {})
      : pictures(std::move(pictures)), videos(std::move(videos)) {}
  Sights(std::initializer_list<Tensor> pictures) : pictures(pictures) {}
  bool empty() const { return pictures.empty() && videos.empty(); }
};

/// One of several prompts that are answered together.
struct Request {
  std::string prompt;
  bool raw = true;  ///< as Speaker::reply has it
  Sights sights = {};
  std::string adapter = {};  ///< in the place of ReplyOptions::adapter
};
struct Answered {
  Reply reply;
  std::exception_ptr error;  ///< what was wrong with this request; the others have their replies
};

/// What one reading of a text tells, without a reply.
struct ReadText {
  /// A picture's patches among the tokens, row by row from `first` on.
  struct Patches {
    int64_t first = 0, rows = 0, columns = 0;
    std::array<double, 4> area = {};  ///< that they cover: x, y, width, height in the picture's pixels
  };
  std::vector<std::string> words;  ///< each token's own text, with the space before it; none of pictures
  std::vector<Patches> pictures;   ///< in their order; none where their tokens are no grid
  /// Where the tokens went, in their order: one record a MoE layer, its site the layer's number from 0.
  std::vector<Record> routing;
  /// The most probable tokens to come, the best first.
  std::vector<std::pair<std::string, double>> next;
};

/// What was read of the last prompt: a conversation's next prompt begins with most of it.
struct ReadBefore {
  std::vector<int64_t> ids;
  DecodeState state{0};
};

/// "length", "stop_token", ...
const char* name_of(Reply::End end);

class Speaker {
 public:
  /// `folder` may be an adapter's: its base model is then loaded with the adapter on it.
  /// Throws DataError and UsageError as open_checkpoint, load_adapter and read_published_text do, and when
  /// the tokenizer has ids that the model lacks.
  static Speaker load(const std::filesystem::path& folder, std::optional<at::ScalarType> dtype = {},
                      std::optional<kernels::Packing> packing = {});

  /// From now on `draft` proposes `ahead` tokens at a time (framework/generate/speculate.h): replies stay
  /// what they are, up to ties within rounding. Throws UsageError when it has other tokens.
  void set_draft(Speaker draft, int64_t ahead);

  /// Keeps LoRA and DoRA adapters beside the model, for replies that name them. Once; throws as load_adapters
  /// does, and UsageError for a model that was itself loaded from an adapter's folder.
  void add_adapters(const NamedFolders& folders);

  /// What the model makes of pictures is kept for questions to come, up to so many bytes; 0: not at all. At
  /// first 256 MB.
  void keep_pictures(int64_t most_bytes);

  const CheckpointFolder& folder() const { return folder_; }
  const PublishedText& text() const { return text_; }
  /// Tokens that fit into prompt and reply; 0: the folder does not say.
  int64_t context() const { return context_; }

  /// Goes on from `prompt`; `raw` puts the tokenizer's template around it (conversations have their own).
  /// Pictures and videos stand where the prompt has the model's token for one, in their order. Throws
  /// UsageError for a prompt that is empty or longer than the context, and when places and pictures do not
  /// match. With `before`, and without pictures, what the prompt shares with the last one is not read again,
  /// and `before` becomes this one; the numbers are those of reading it whole, up to rounding.
  Reply reply(const std::string& prompt, bool raw, const Sights& sights, const ReplyOptions& options,
              ReadBefore* before = nullptr) const;
  /// Several prompts in one batch, whatever adapters they name: the replies are those that each gets alone,
  /// up to rounding, samples counted. Requests with pictures, and all where a draft proposes, are answered
  /// one after the other. `options.on_text` gets no text and is asked after each token whether to go on.
  std::vector<Answered> replies(const std::vector<Request>& requests, const ReplyOptions& options) const;
  /// The frames of a video that this folder's processor chooses, at most `most` of them where it is not 0.
  /// Throws UsageError for a model without videos, and as load_frames and VideoProcessor do.
  Frames load_video(const std::filesystem::path& file, int64_t most = 0) const;
  /// Whether pictures can be asked about.
  bool reads_pictures() const;
  /// Reads `text` alone; the tokenizer's template is put around it. With pictures, uint8 [H,W,3], it is a
  /// question of the chat template's; in a folder without one, or one that has no place for pictures, they
  /// stand before the text. Lists `top` next tokens. Throws UsageError as reply does.
  ReadText read(const std::string& text, int64_t top, const std::vector<Tensor>& pictures = {}) const;

 private:
  CheckpointFolder folder_;
  PublishedText text_;
  Speaker(CheckpointFolder folder, PublishedText text) : folder_(std::move(folder)), text_(std::move(text)) {}
  void check_length(int64_t tokens) const;
  /// The id that stands for a picture. Throws UsageError when there is none.
  int64_t picture_token() const;
  std::vector<int64_t> question(const std::string& text, int64_t pictures) const;
  /// The id that stands for a video. Throws UsageError when there is none.
  int64_t video_token() const;
  /// Throws UsageError when `ids` have another number of places than `given`.
  void check_places(const std::vector<int64_t>& ids, int64_t token, size_t given, const char* what) const;
  /// `about`, where it is given, gets what was said of the pictures.
  Inputs inputs(std::vector<int64_t> ids, const std::vector<Tensor>& pictures,
                LookedAt* about = nullptr) const;
  /// The same of a prompt with videos.
  Inputs inputs(const std::string& prompt, bool raw, const Sights& sights, LookedAt& about) const;
  Generated make(const Prompt& read, const GenerateOptions& options, Reply& reply) const;
  Prompt read_on(const std::vector<int64_t>& ids, const Tensor& adapter_1, ReadBefore& before,
                 int64_t& read_tokens) const;
  /// int64 [1]; undefined where the model has no adapters. Throws UsageError for a name that none has.
  Tensor adapter_named(const std::string& name) const;
  /// Tokens that a reply to so many may have.
  int64_t most_tokens(int64_t prompt_tokens, const ReplyOptions& options) const;
  void answer_together(const std::vector<Request>& requests, const std::vector<size_t>& which,
                       const ReplyOptions& options, std::vector<Answered>& answered) const;

  bool adapted_ = false;  ///< loaded from an adapter's folder
  std::vector<std::string> adapters_;
  std::shared_ptr<PictureLooker> looker_;
  Ptr<Multimodal> model_;
  int64_t context_ = 0;
  std::shared_ptr<const Speaker> draft_;
  int64_t ahead_ = 0;
};

}  // namespace conclave
