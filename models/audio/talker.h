/// The part of Qwen3-Omni that speaks (arXiv 2509.17765): a language model of a codec's first codebook over
/// what the thinker saw and said, and a small one that gives each frame its other codes.
#pragma once

#include "framework/nn/activation.h"
#include "models/multimodal/multimodal.h"

namespace conclave {

/// From the thinker's width to the talker's.
struct TalkerProjection : Module {
  Linear fc1, fc2;
  Activation activation = Activation::silu;

  Tensor forward(const Tensor& x) const;
  void visit(Visitor& v) override;
};

/// The thinker's tokens as the talker sees them: words by their embeddings, pictures by a hidden layer.
struct ThinkerReader : PictureReader {
  TalkerProjection text_projection, hidden_projection;
  int64_t image_token = -1, video_token = -1, audio_token = -1, merge = 2;

  /// Inputs: `ids_NL` are the thinker's; "thinker_embeds" and "thinker_hidden" [N,L,thinker],
  /// "image_grid_thw". Throws Error when one is missing.
  Reading read(const Inputs& inputs, const Tensor& words_NLD) const override;
  void visit(Visitor& v) override;
};

/// Codes behind the first of each frame, one after the other; each has a book and a head of its own.
struct CodePredictor : Module {
  Ptr<Transformer> model;
  std::vector<Ptr<Embedding>> codec_embedding;  ///< of codes 1, 2, ...
  std::vector<Ptr<Linear>> lm_head;             ///< for codes 1, 2, ...

  int64_t books() const { return static_cast<int64_t>(lm_head.size()); }
  void visit(Visitor& v) override;
};

struct Talker : Module {
  Ptr<Multimodal> lm;          ///< its words are the first codebook's codes
  Ptr<ThinkerReader> thinker;  ///< also lm's
  CodePredictor code_predictor;

  /// Codes of whole frames [M,G], summed over their books -> [M,D].
  Tensor embed(const Tensor& codes_MG) const;
  /// The talker's states [M,D] and the codes of their frames [M,G] -> logits of codes 1, 2, ... [M,G-1,V].
  Tensor predicted(const Tensor& state_MD, const Tensor& codes_MG) const;
  /// The most probable frames [M,G] behind states [M,D] and the first code of each [M].
  Tensor completed(const Tensor& state_MD, const Tensor& first_M) const;
  /// The most probable frames behind a reading [N,frames,G]. Each frame is read on together with the next of
  /// `trailing_NTD`, what the thinker goes on to say, or with `pad_N1D` behind the last (both projected). The
  /// codec's end is not heeded: the caller cuts.
  Tensor speak(const Inputs& inputs, const Tensor& trailing_NTD, const Tensor& pad_N1D, int64_t frames) const;
  void visit(Visitor& v) override;
};

/// {keys of make_multimodal but "pictures", "thinker": {"width", "hidden", "activation", "image_token",
/// "video_token", "audio_token", "merge"}, "predictor": {"groups", "vocabulary", "text": {keys of
/// make_transformer}}}. Throws UsageError that names the key.
Ptr<Talker> make_talker(const Json& config);

}  // namespace conclave
