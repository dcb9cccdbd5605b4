/// How DeepSeek-VL2 reads pictures (arXiv 2412.10302): a view of the whole and tiles of it, each a square of
/// its own.
#pragma once

#include "models/multimodal/patch_tower.h"
#include "models/multimodal/picture_readers.h"

namespace conclave {

struct TilePictures : PictureReader {
  Ptr<PatchTower> tower;
  int64_t patch = 14;
  int64_t merge = 2;                   ///< patches along each side of a token
  std::vector<Ptr<Linear>> projector;  ///< with GELU between
  Tensor newline_D, separator_D;       ///< behind each row of tokens; between the whole and the tiles
  bool whole_first = true;

  /// Tiles [B,3,S,S] -> tokens [B,n·n,D], n along each side.
  Tensor see(const Tensor& tiles_B3SS, std::map<std::string, Tensor>& features) const;
  /// Inputs: "images" [N,tiles,3,S,S], for each picture the whole and then its tiles; "images_spatial_crop"
  /// [N,M,2], tiles across and down of each picture, zeros behind the last; "images_seq_mask" [N,L], the
  /// places.
  Reading read(const Inputs& inputs, const Tensor& words_NLD) const override;
  void visit(Visitor& v) override;
};

/// {"kind": "tiles", "tower": {...}, "patch": 14, "merge": 2, "depth": 2, "whole": "head"}. Throws
/// UsageError.
Ptr<PictureReader> make_tile_pictures(const Json& config, const CausalLm& text);

}  // namespace conclave
