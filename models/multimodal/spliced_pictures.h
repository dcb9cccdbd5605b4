/// How LLaVA and its descendants read pictures (arXiv 2310.03744): one placeholder in the text becomes the
/// patches of a picture.
#pragma once

#include "models/multimodal/patch_tower.h"
#include "models/multimodal/picture_readers.h"

namespace conclave {

struct SplicedPictures : PictureReader {
  Ptr<PatchTower> tower;
  int64_t patch = 14;
  int64_t placeholder = -200;
  bool drop_class = false;  ///< the class token's output is left out
  std::vector<int64_t>
      scales;             ///< S2 (arXiv 2403.13043): sides to look at, the first is the tower's; empty: one
  Tensor start_D, end_D;  ///< stand before and behind each picture; undefined: nothing does
  bool last_is_text = false;  ///< the last token of a picture routes like a word (MoIIE)
  bool pad_right = true;
  std::vector<Ptr<Linear>> projector;  ///< with GELU between

  /// Pictures [B,3,S,S] -> tokens [B,n,D].
  Tensor see(const Tensor& pictures_B3SS, std::map<std::string, Tensor>& features) const;
  /// Inputs: "images" or "pixel_values" [M,3,S,S], in the order of the placeholders, one for a picture or one
  /// for each of its tokens; "text_only" int64 [N], not 0 for rows whose pictures keep their places unseen.
  /// Rows lose their padding, grow, and are padded again.
  Reading read(const Inputs& inputs, const Tensor& words_NLD) const override;
  /// "tokens" [n,D].
  std::shared_ptr<const SeenPicture> see_one(const std::map<std::string, Tensor>& picture) const override;
  void visit(Visitor& v) override;

 private:
  PatchPlaces patches_among(int64_t tokens) const;
  Tensor look(const Tensor& pictures_B3SS) const;
};

/// {"kind": "spliced", "tower": {...}, "patch": 14, "placeholder": -200, "drop_class": false, "scales": [],
///  "framed": false, "last_is_text": false, "pad": "right", "depth": 2}. Throws UsageError that names the
///  key.
Ptr<PictureReader> make_spliced_pictures(const Json& config, const CausalLm& text);

}  // namespace conclave
