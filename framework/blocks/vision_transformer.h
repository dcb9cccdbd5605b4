/// A vision transformer (arXiv 2010.11929) without a class token.
#pragma once

#include "framework/blocks/grid_position.h"
#include "framework/blocks/transformer.h"
#include "framework/blocks/vision.h"
#include "framework/nn/conv2d.h"

namespace conclave {

/// Patches, positions, blocks in which every token sees every other, a last norm.
struct VisionTransformer : VisionEncoder {
  int64_t patch = 0;
  Conv2d patch_embed;
  Ptr<GridPosition> position;  ///< null with rotary positions
  Ptr<Transformer> stack;

  /// Sides are cut to a multiple of the patch.
  FeatureGrid forward(const Tensor& picture_BCHW, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

/// {"image": 96, "patch": 12, "channels": 3, "position": "learned" | "rotary", and the keys of
/// make_transformer}.
Ptr<VisionTransformer> make_vision_transformer(const Json& config, int first_site, const std::string& path);

}  // namespace conclave
