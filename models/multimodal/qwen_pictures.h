/// How Qwen2-VL, Qwen3-VL and what was built on them read pictures: patches of any grid, neighbouring patches
/// joined, positions in three rows.
#pragma once

#include "models/multimodal/mrope.h"
#include "models/multimodal/patch_resampler.h"
#include "models/multimodal/patch_tower.h"

namespace conclave {

/// Joins merge x merge patches into one token of the text's width: Linear(GELU(Linear(.))) of the joined
/// patches.
struct PatchMerger : Module {
  Ptr<Norm> norm;  ///< of each patch, or of the joined ones
  bool norm_joined = false;
  int64_t joined = 4;  ///< patches of a token
  Linear fc1, fc2;

  /// [n·joined, D] -> [n, out].
  Tensor forward(const Tensor& x_PD) const;
  void visit(Visitor& v) override;
};

/// EchoVLM's second reading: the best of the early layers and the best of the middle ones, half of whose
/// patches stay.
struct LayerSelector : Module {
  struct Range {
    int64_t first = 0, last = 0;  ///< layers [first, last)
    Linear layer_gate, token_gate;
    Linear fc1, fc2;
  };
  Range shallow, middle;
  Tensor a_weights, b_weights;  ///< stored with the model, never read

  /// Outputs of all layers, [P,D] each -> [P/4, out]; `features` gets scores and choices.
  Tensor forward(const std::vector<Tensor>& layers, std::map<std::string, Tensor>& features) const;
  void visit(Visitor& v) override;
};

struct QwenPictures : PictureReader {
  Ptr<PatchTower> tower;
  PatchMerger merger;  ///< without a resampler
  Ptr<PatchResampler> resampler;
  std::vector<int64_t> deepstack_layers;  ///< whose outputs go to the text's first layers
  std::vector<Ptr<PatchMerger>> deepstack_mergers;
  Ptr<LayerSelector> selector;
  int64_t merge = 2, image_token = 0, video_token = 0;
  std::vector<int64_t> vision_tokens;      ///< routed as pictures, also where no picture is given
  double video_positions = 0;              ///< that a second of a video takes; 0: each frame takes one
  bool frames_apart = false;               ///< as in PictureGrids
  std::map<std::string, int64_t> refused;  ///< places for what is not read and would pass as words: "sound"
  bool interpolate_positions = false;
  int64_t window = 0;  ///< side of a window in merged patches; 0: none

  /// What one kind of pictures gives.
  struct Seen {
    Tensor merged_ND;
    std::vector<Tensor> deepstack;
  };
  /// patches [P,X] of all pictures in merge order, grids [M,3].
  Seen see(const Tensor& patches_PX, const Tensor& grid_M3, std::map<std::string, Tensor>& features) const;
  Reading read(const Inputs& inputs, const Tensor& words_NLD) const override;
  /// "merged", "deepstack.0", ...; null with a selector, which weighs all pictures of a prompt together.
  std::shared_ptr<const SeenPicture> see_one(const std::map<std::string, Tensor>& picture) const override;
  void visit(Visitor& v) override;
};

/// {"kind": "qwen", "tower": {...}, "merge": 2, "image_token", "video_token", "norm_joined": false,
///  "deepstack": [5, 11, 17], "selector": false, "vision_tokens": [50, 52], "resampler": {"eps", "text_eps"},
///  "video": {"positions": a second, "apart": false}, "refused": {"sound": token},
///  "merger_norm": "layer_norm", "windows": {"side": 4, "full": [7, 15]}}. Throws UsageError that names the
///  key.
Ptr<PictureReader> make_qwen_pictures(const Json& config, const CausalLm& text);

}  // namespace conclave
