/// A language model that may also read pictures: what published checkpoints are loaded as.
#pragma once

#include "models/text/causal_lm.h"

namespace conclave {

/// What a picture part made of one picture, by names of its own: it can be put into one prompt after another.
using SeenPicture = std::map<std::string, Tensor>;

/// A batch as a processor hands it over: N rows of L token ids, with places that pictures take.
struct Inputs {
  Tensor ids_NL;         ///< int64
  Tensor valid_NL;       ///< bool, false for padding; undefined: all valid
  Tensor labels_NL;      ///< int64, -100 where nothing is asked; undefined: none
  Tensor position;       ///< as in PassInput, when the caller knows them; undefined: the model's own
  Tensor adapter_N;      ///< int64, which adapter each row runs through (load_adapters); undefined: none
  Tensor importance_NL;  ///< what a token counts in balance losses; undefined: 1
  std::map<std::string, Tensor>
      pictures;  ///< "pixel_values", "image_grid_thw", ...: as the kind of picture part asks
  /// Of all still pictures, in their order, in the place of their pixels; empty: the pixels are looked at.
  std::vector<std::shared_ptr<const SeenPicture>> seen = {};
};

/// Where a picture's patches stand among a row's tokens: row by row, from `first` on.
struct PatchPlaces {
  int64_t row = 0;  ///< of the batch
  int64_t first = 0, rows = 0, columns = 0;
};

/// The same as the decoder sees it: pictures in their places, rows maybe longer.
struct Reading {
  Tensor x_NLD;
  Tensor valid_NL, labels_NL;
  Tensor position;
  Tensor next_N;                     ///< position of the token that comes after each row; undefined: counted
  Tensor modality_T;                 ///< int64 Modality; undefined without pictures
  std::vector<Tensor> after_layer;   ///< as in PassInput
  std::vector<PatchPlaces> patches;  ///< of the pictures in their order; none where they are no grid
  std::map<std::string, Tensor> features;  ///< what the picture parts gave, for comparison: "vision"
};

/// Puts pictures among words.
struct PictureReader : Module {
  /// `words_NLD` are the embeddings of `inputs.ids_NL`.
  virtual Reading read(const Inputs& inputs, const Tensor& words_NLD) const = 0;
  /// Looks at one still picture, `picture` as Inputs::pictures would hold it, for Inputs::seen. Null where
  /// pictures cannot be seen one by one.
  virtual std::shared_ptr<const SeenPicture> see_one(const std::map<std::string, Tensor>& picture) const {
    return nullptr;
  }
};

struct Multimodal : Module {
  Ptr<CausalLm> text;
  Ptr<PictureReader> pictures;  ///< null: text alone

  Reading read(const Inputs& inputs) const;
  /// One pass over a reading; `input` may bring what a reading does not know (layer_outputs).
  Tensor forward(const Reading& reading, PassInput input, TokenContext context) const;
  /// Reads a prompt into an empty state, ready for generate().
  Prompt prompt(const Inputs& inputs) const;
  /// The text's own names, then those of the pictures.
  void visit(Visitor& v) override;
};

/// {keys of make_causal_lm, "pictures": {"kind": ...}}. Throws UsageError that names the key.
Ptr<Multimodal> make_multimodal(const Json& config);

}  // namespace conclave
