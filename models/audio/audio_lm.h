/// A language model that hears and speaks in a codec's codes (UniMoE-Audio, arXiv 2510.13344).
#pragma once

#include "framework/generate/sampling.h"
#include "models/audio/delay_pattern.h"
#include "models/multimodal/multimodal.h"

namespace conclave {

/// Codes in the places of a placeholder: the sum of the codebooks' embeddings.
struct CodeReader : PictureReader {
  int64_t placeholder = 0;
  std::vector<Ptr<Embedding>> codec_embed_tokens;

  /// Codes [...,C] -> [...,D].
  Tensor embed(const Tensor& codes) const;
  /// Inputs: "codec_input_ids" [M,C], the codes of all placeholders in their order; optional "codec_cues"
  /// [M,D], added to their embeddings. Throws Error when their numbers disagree.
  Reading read(const Inputs& inputs, const Tensor& words_NLD) const override;
  void visit(Visitor& v) override;
};

struct AudioLm : Module {
  Ptr<Multimodal> lm;
  Ptr<CodeReader> codes;  ///< also lm's
  Linear codec_head;      ///< all codebooks at once
  DelayPattern pattern;
  int64_t codec_vocabulary = 0;  ///< codes, eos, pad and bos

  /// Features [N,L,D] -> logits of every codebook [N,L,C,V].
  Tensor codec_logits(const Tensor& features_NLD) const;
  /// Sum over the codebooks of the mean cross-entropy; labels [N,L,C], -100 where nothing is asked. Codebooks
  /// but the first count only where they have a label.
  static Tensor codec_loss(const Tensor& logits_NLCV, const Tensor& labels_NLC);
  void visit(Visitor& v) override;
};

/// {keys of make_multimodal, "codec": {"channels", "vocabulary", "placeholder", "delay": [..], "bos", "eos",
/// "pad"}}. Throws UsageError that names the key.
Ptr<AudioLm> make_audio_lm(const Json& config);

struct AudioGeneration {
  /// Logits become cond + guidance·(cond − uncond).
  double guidance = 3;
  /// Multiplies the logit that ends a piece, as published code does: it raises a negative one.
  double eos_factor = 1;
  int64_t max_steps = 1000;
  int64_t min_steps = 0;   ///< before them no piece ends
  double temperature = 0;  ///< 0: the most probable code
  double top_p = 1;
  int64_t top_k = 0;  ///< 0: all
  uint64_t seed = 0;
  std::vector<Tensor>* guided_logits = nullptr;  ///< gets [B·C,V] of each step, before sampling
};

struct AudioGenerated {
  Tensor steps_BTC;  ///< delayed, from the end of the prompt on
  std::vector<int64_t> lengths;
  std::vector<Tensor> codes;  ///< of each piece, [length,C]
};

/// `inputs` are pairs of rows: without and with the condition. `prefill_BTC` as DelayPattern::prefill makes
/// it. A piece ends when the first codebook says so, the others follow by the delay. Throws Error.
AudioGenerated generate_audio(const AudioLm& model, const Inputs& inputs, const Tensor& prefill_BTC,
                              const AudioGeneration& options);

/// Probabilities of the next code [N,V]: by temperature, the end of a piece only where it is the most
/// probable code, of the rest `top_k`, and of these the first ones whose mass reaches `top_p`.
Tensor code_probabilities(const Tensor& logits_NV, const AudioGeneration& options, int64_t eos);

}  // namespace conclave
