#include "models/multimodal/tile_pictures.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/tensor/fresh.h"

namespace conclave {
namespace {

// [h,w,D] -> [h·(w+1),D]: each row ends with the newline vector.
Tensor with_newlines(const Tensor& grid_HWD, const Tensor& newline_D) {
  const Tensor ends = newline_D.expand({grid_HWD.size(0), 1, newline_D.size(0)});
  return at::cat({grid_HWD, ends}, 1).flatten(0, 1);
}

}  // namespace

Tensor TilePictures::see(const Tensor& tiles_B3SS, std::map<std::string, Tensor>& features) const {
  const Tensor seen_BLD = tower->encode(tower->embed(patches_of(tiles_B3SS, patch)), {});
  features["vision_tower"] = seen_BLD;
  const int64_t side = tiles_B3SS.size(2) / patch, over = (merge - side % merge) % merge;
  // Squares of merge x merge patches, channel by channel as convolutions count.
  const Tensor grid_BDHW = seen_BLD.transpose(1, 2).unflatten(2, {side, side});
  Tensor x = at::im2col(at::constant_pad_nd(grid_BDHW, {0, over, 0, over}), {merge, merge}, {1, 1}, {0, 0},
                        {merge, merge})
                 .transpose(1, 2);
  for (size_t i = 0; i < projector.size(); ++i) x = projector[i]->forward(i > 0 ? at::gelu(x) : x);
  features["vision"] = x;
  return x;
}

Reading TilePictures::read(const Inputs& inputs, const Tensor& words_NLD) const {
  Reading reading;
  reading.x_NLD = words_NLD;
  reading.valid_NL = inputs.valid_NL;
  reading.labels_NL = inputs.labels_NL;
  reading.position = inputs.position;
  if (!inputs.pictures.contains("images")) return reading;
  const Tensor images = inputs.pictures.at("images");
  const Tensor crop = inputs.pictures.at("images_spatial_crop").to(at::kCPU, at::kLong);
  const Tensor places_NL = inputs.pictures.at("images_seq_mask").to(at::kBool);
  require(
      images.dim() == 5 && crop.dim() == 3 && crop.size(2) == 2 && places_NL.sizes() == inputs.ids_NL.sizes(),
      "[pictures] images must be [N,tiles,3,S,S], crops [N,M,2] and places [N,L]");
  struct Crop {
    int64_t wide, high, first;  // first: row of the tiles that are seen
  };
  std::vector<Crop> crops;
  std::vector<Tensor> tiles;
  int64_t count = 0;
  for (int64_t n = 0; n < crop.size(0); ++n) {
    int64_t used = 0;
    for (int64_t m = 0; m < crop.size(1); ++m) {
      const auto wide = crop[n][m][0].item<int64_t>(), high = crop[n][m][1].item<int64_t>();
      if (wide == 0 || high == 0) break;
      const int64_t own = 1 + wide * high;
      require(wide > 0 && high > 0 && used + own <= images.size(1),
              "[pictures] row {} has {} tiles, crop {} x {} asks "
              "for {} more behind {}",
              n, images.size(1), wide, high, own, used);
      tiles.push_back(images[n].narrow(0, used, own));
      crops.push_back({wide, high, count});
      used += own;
      count += own;
    }
  }
  if (crops.empty()) return reading;
  const Tensor tokens_BLD = see(at::cat(tiles).to(words_NLD.scalar_type()), reading.features);
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(tokens_BLD.size(1)))));
  std::vector<Tensor> parts;
  for (const auto& [wide, high, first] : crops) {
    const Tensor whole = with_newlines(tokens_BLD[first].unflatten(0, {side, side}), newline_D);
    const Tensor stitched = tokens_BLD.narrow(0, first + 1, wide * high)
                                .unflatten(0, {high, wide})
                                .unflatten(2, {side, side})
                                .transpose(1, 2)
                                .flatten(2, 3)
                                .flatten(0, 1);
    const Tensor local = with_newlines(stitched, newline_D), between = separator_D.unsqueeze(0);
    parts.push_back(whole_first ? at::cat({whole, between, local}) : at::cat({local, between, whole}));
  }
  const Tensor all = at::cat(parts);
  require(places_NL.sum().item<int64_t>() == all.size(0), "[pictures] {} places for {} picture tokens",
          places_NL.sum().item<int64_t>(), all.size(0));
  reading.x_NLD = words_NLD.masked_scatter(places_NL.unsqueeze(2), all);
  reading.modality_T = places_NL.reshape({-1}).to(at::kLong);
  return reading;
}

void TilePictures::visit(Visitor& v) {
  v.child("vision", tower);
  for (size_t i = 0; i < projector.size(); ++i)
    v.child("projector.layers." + std::to_string(2 * i), projector[i]);
  v("image_newline", newline_D);
  v("view_separator", separator_D);
}

Ptr<PictureReader> make_tile_pictures(const Json& config, const CausalLm& text) {
  ConfigObject c(config, "pictures");
  c.part("kind");
  auto reader = std::make_shared<TilePictures>();
  reader->tower = make_patch_tower(c.part("tower"), "pictures.tower");
  reader->patch = c.need_integer("patch");
  reader->merge = c.get_integer("merge", 2, 1);
  reader->whole_first = c.one_of("whole", {"head", "tail"}) == "head";
  const int64_t width = text.model->width, depth = c.get_integer("depth", 2, 1);
  for (int64_t i = 0; i < depth; ++i) {
    const int64_t in = i == 0 ? reader->tower->width() * reader->merge * reader->merge : width;
    reader->projector.push_back(std::make_shared<Linear>(in, width));
  }
  reader->newline_D = fresh_normal({width}, 0.02);
  reader->separator_D = fresh_normal({width}, 0.02);
  c.finish();
  return reader;
}

}  // namespace conclave
