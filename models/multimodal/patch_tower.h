/// A vision transformer over patches that are cut already.
#pragma once

#include "framework/base/json.h"
#include "framework/blocks/transformer.h"

namespace conclave {

struct PatchTower : Module {
  Linear patch;              ///< a convolution of the patch's size, as a projection
  Tensor position_PD;        ///< learned, one for each place of a grid (and the class token); or undefined
  Tensor class_embedding_D;  ///< stands before the patches (CLIP); or undefined
  Ptr<Norm> pre_norm;        ///< before the layers (CLIP); or null
  Ptr<Transformer> stack;

  int64_t width() const { return stack->width; }
  /// Patches [N,L,C·P·P] embedded [N,L,D], with the class token and the learned positions of the whole table.
  Tensor embed(const Tensor& patches_NLX) const;
  /// Every token of a row sees every valid one, but in windowed layers. `layers` gets each layer's output.
  Tensor encode(const Tensor& x_NLD, const PassInput& input, std::vector<Tensor>* layers = nullptr,
                const TokenContext& context = {}) const;
  void visit(Visitor& v) override;
};

/// {"patch": inputs of one patch, "bias": true, "positions": places of the table (0: none), "class_token":
/// false,
///  "pre_norm": false, "stack": {keys of make_transformer}}. Throws UsageError that names the key.
Ptr<PatchTower> make_patch_tower(const Json& config, const std::string& path);

/// Lets the layers but those of `full` see their own window alone (Qwen2.5-VL, arXiv 2502.13923): tokens of a
/// row that have the same TokenContext::unit_T. Throws UsageError for a layer that does not exist.
void make_windowed(PatchTower& tower, const std::vector<int64_t>& full);

/// Pictures [B,C,H,W] cut into patches [B,rows·columns,C·P·P], row by row.
Tensor patches_of(const Tensor& picture_BCHW, int64_t patch);

}  // namespace conclave
