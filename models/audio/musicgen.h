/// MusicGen (arXiv 2306.05284): text to the codes of a codec, codebook by codebook with a delay of one step.
#pragma once

#include "models/audio/codec.h"
#include "models/seq2seq/cross_decoder.h"
#include "models/seq2seq/t5_encoder.h"

namespace conclave {

struct Musicgen : Module {
  Ptr<T5Encoder> text_encoder;
  Linear enc_to_dec_proj;  ///< no weight where the widths are equal
  Ptr<CrossDecoder> decoder;
  std::vector<Ptr<Embedding>> embed_tokens;  ///< of each codebook; the last row is begin and padding
  std::vector<Ptr<Linear>> lm_heads;
  Ptr<Codec> audio_encoder;
  double scale = 1;  ///< of the embeddings

  int64_t channels() const { return static_cast<int64_t>(lm_heads.size()); }
  int64_t pad() const { return embed_tokens[0]->count() - 1; }
  /// Text as the decoder sees it: [N,M,D], nothing where there is padding.
  Tensor read(const Tensor& text_NM, const Tensor& valid_NM) const;
  /// Codes [N,C,L] -> [N,L,D], the first at position `before`.
  Tensor embed(const Tensor& codes_NCL, int64_t before = 0) const;
  /// Features [N,L,D] -> logits [N,C,L,V].
  Tensor logits(const Tensor& features_NLD) const;
  /// The mean over the codebooks of their cross-entropy, place by place; labels [N,L,C], padding counts not.
  Tensor loss(const Tensor& logits_NCLV, const Tensor& labels_NLC) const;
  void visit(Visitor& v) override;
};

/// {"text": {keys of make_t5_encoder}, "codec": {keys of make_codec}, "decoder": {keys of
/// make_cross_decoder}, "channels", "vocabulary", "scale": false}. Throws UsageError that names the key.
Ptr<Musicgen> make_musicgen(const Json& config);

/// What generation goes by: codes [N,C,L] moved by one step for each codebook, `pad` in the corners before
/// and behind, -1 where a code is to be predicted. [N,C,steps]; too few steps leave all open.
Tensor music_pattern(const Tensor& codes_NCL, int64_t steps, int64_t pad);

/// The most probable codes [N,C,steps - C] for each text; `guidance` as in uncond + g·(cond − uncond).
Tensor generate_music(const Musicgen& model, const Tensor& text_NM, const Tensor& valid_NM, int64_t steps,
                      double guidance);

}  // namespace conclave
