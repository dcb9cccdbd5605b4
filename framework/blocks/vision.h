/// What sees: an encoder turns pictures into a grid of features, a connector brings them to another width.
#pragma once

#include "framework/base/json.h"
#include "framework/tensor/module.h"
#include "framework/tensor/token_context.h"

namespace conclave {

/// Features on a grid, row by row: L = rows · columns.
struct FeatureGrid {
  Tensor tokens_BLD;
  int64_t rows = 0;
  int64_t columns = 0;
};

struct VisionEncoder : Module {
  int64_t width = 0;  ///< D of its features
  /// picture [B,channels,H,W]. Of the context only phase, step, edits, log and ranks are used; the encoder's
  /// own tokens have modality vision.
  virtual FeatureGrid forward(const Tensor& picture_BCHW, const TokenContext& context) = 0;
};

/// {"kind": "vit", ...} or {"kind": "conv", ...}; docs/nn.md lists the keys. MoE layers take sites from
/// `first_site` on. Throws UsageError that names the key.
Ptr<VisionEncoder> make_vision_encoder(const Json& config, int first_site = 0,
                                       const std::string& path = "vision");

struct Connector : Module {
  virtual FeatureGrid forward(const FeatureGrid& grid, const TokenContext& context) = 0;
};

/// {"kind": "linear"}, {"kind": "mlp2x_gelu"} (Linear, GELU, Linear: LLaVA-1.5) or {"kind": "merge_mlp",
/// "merge": 2} (each 2x2 neighbourhood becomes one token, then the same MLP: Qwen2-VL). in -> out.
Ptr<Connector> make_connector(const Json& config, int64_t in, int64_t out,
                              const std::string& path = "connector");

}  // namespace conclave
