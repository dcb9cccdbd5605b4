/// A decoder-only language model: embedding, transformer, head.
#pragma once

#include "framework/blocks/transformer.h"
#include "framework/generate/language_model.h"
#include "framework/nn/embedding.h"

namespace conclave {

struct CausalLm : Module, LanguageModel {
  Embedding embed_tokens;
  Ptr<Transformer> model;
  Linear lm_head;  ///< no weight: tied to the embedding

  /// Tokens that are already vectors [N,L,D] -> features [N,L,D].
  Tensor forward(const Tensor& x_NLD, const PassInput& input, const TokenContext& context) const;
  Tensor step(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state) override;
  Tensor logits(const Tensor& features) override;
  DecodeState new_state() const { return model->new_state(); }

  /// Names as published decoders have them: "model.embed_tokens.weight", "model.layers.0...",
  /// "lm_head.weight".
  void visit(Visitor& v) override;
};

/// {"vocabulary": 32000, "tied": false, "head_bias": false, "text": {keys of make_transformer},
///  "post_norm": false, "lora": {"on": ["q_proj"], "rank": 8, "alpha": 16}}. UsageError names the key.
Ptr<CausalLm> make_causal_lm(const Json& config);

}  // namespace conclave
