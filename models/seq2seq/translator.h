/// Encoder-decoder language models: NLLB-MoE (arXiv 2207.04672).
#pragma once

#include "framework/blocks/transformer.h"
#include "framework/generate/generate.h"
#include "framework/nn/embedding.h"
#include "models/seq2seq/cross_decoder.h"

namespace conclave {

struct Translator : Module {
  Embedding shared;  ///< of both sides and, turned, the head
  Ptr<Transformer> encoder;
  Ptr<CrossDecoder> decoder;
  int64_t pad = 1;
  int64_t start = 2;  ///< what the decoder begins with
  double scale = 1;   ///< of the embeddings

  /// Ids [N,L] with sinusoidal positions; padding gets none. `before` valid tokens [N] came already.
  Tensor embed(const Tensor& ids_NL, const Tensor& before_N = {}) const;
  /// ids [N,M], valid_NM bool or undefined -> features [N,M,D]. `layers` gets each layer's output.
  Tensor encode(const Tensor& ids_NM, const Tensor& valid_NM, TokenContext context,
                std::vector<Tensor>* layers = nullptr) const;
  Tensor logits(const Tensor& features) const;
  void visit(Visitor& v) override;
};

/// {"vocabulary", "pad", "start", "scale": false, "encoder": {keys of make_transformer}, "decoder": {keys of
/// make_cross_decoder}}. Throws UsageError that names the key.
Ptr<Translator> make_translator(const Json& config);

/// The continuations of each row, which begin with `forced`, the target language's token. One row after the
/// other: the tokens of a batch would compete for places with the experts.
std::vector<Generated> translate(const Translator& model, const Tensor& ids_NM, const Tensor& valid_NM,
                                 int64_t forced, const GenerateOptions& options);

}  // namespace conclave
