/// A small native vision-language model: picture tiles -> encoder -> connector -> decoder with MoE layers.
///
/// Pictures come first and see each other both ways; a question follows and sees the pictures and its own
/// past. So what was read of the pictures is one DecodeState, which any number of questions share (`fork`).
#pragma once

#include "framework/blocks/transformer.h"
#include "framework/blocks/vision.h"
#include "framework/nn/embedding.h"

namespace conclave {

struct Vlm : Module {
  Json config;  ///< as written to config.json
  Ptr<VisionEncoder> vision;
  Ptr<Connector> connector;
  Tensor tile_position_ND;  ///< which tile of the question's pictures a token comes from
  Tensor register_RD;       ///< tokens added to each tile, to gather what the whole tile shows; or undefined
  Embedding embed_tokens;   ///< also the output head, transposed
  Ptr<Transformer> decoder;

  /// Side of a tile in pixels.
  int64_t tile_size() const;
  /// Tiles that a question may have, over all its pictures.
  int64_t max_tiles() const { return tile_position_ND.size(0); }
  int64_t vocabulary() const { return embed_tokens.count(); }
  /// Register tokens of a tile; they come after its patches.
  int64_t registers() const { return register_RD.defined() ? register_RD.size(0) : 0; }
  DecodeState new_state() const { return decoder->new_state(); }

  /// Tiles [B,N,3,S,S] -> tokens [B,N·P,D], P patches and registers a tile.
  Tensor see(const Tensor& tiles_BN3SS, const TokenContext& context) const;
  /// What the encoder saw of B·N tiles -> tokens, as above.
  Tensor placed(const FeatureGrid& seen, int64_t batch, const TokenContext& context) const;
  /// Reads the pictures of B questions. valid_BN bool, false for tiles that only fill the batch; undefined:
  /// all valid. No tiles (N = 0) give an empty state.
  DecodeState read_pictures(const Tensor& tiles_BN3SS, const Tensor& valid_BN, TokenContext context) const;
  /// One row for each of `copies` questions about each picture of `state`; an empty state stays empty.
  static DecodeState share(const DecodeState& state, int64_t copies) {
    return state.rows() > 0 ? state.fork(copies) : state;
  }
  /// Reads tokens [N,L] after what `state` holds, whose rows are N (or none). valid_NL as in PassInput.
  /// -> hidden states [N,L,D]; `layer_outputs` as in PassInput.
  Tensor read_text(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state, TokenContext context,
                   std::vector<Tensor>* layer_outputs = nullptr) const;
  /// [..., D] -> float32 [..., vocabulary].
  Tensor logits(const Tensor& hidden) const;

  void visit(Visitor& v) override;
};

/// Builds a model with fresh weights from the contents of config.json; docs/vlm.md lists the keys. Throws
/// UsageError that names the key.
///   {"architectures": ["ConclaveVlm"], "vocab_size": 512, "max_tiles": 9, "vision": {"kind": "conv", ...},
///    "connector": {"kind": "mlp2x_gelu"}, "text": {"width": 128, ..., "moe": {"variant": "modality-aware",
///    ...}}}
Ptr<Vlm> make_vlm(const Json& config);

}  // namespace conclave
