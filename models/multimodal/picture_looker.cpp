#include "models/multimodal/picture_looker.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "models/multimodal/spliced_pictures.h"

namespace conclave {

LookedAt PictureLooker::look_at(const std::vector<Tensor>& pictures) {
  const at::NoGradGuard no_grad;
  const auto processor = PictureProcessor::load(folder_);
  LookedAt looked;
  std::vector<Tensor> grids;
  for (const Tensor& picture : pictures) {
    if (!cache_.keeps()) break;
    const auto key = PictureCache::key_of(picture, processor.settings());
    auto known = cache_.find(key);
    if (!known) {
      const auto prepared = processor.prepare({picture});
      const auto seen = model_->pictures->see_one(prepared.tensors);
      if (!seen) break;
      const auto grid = prepared.tensors.find("image_grid_thw");
      known = CachedPicture{seen, grid == prepared.tensors.end() ? Tensor() : grid->second,
                            prepared.tokens[0], prepared.areas[0]};
      cache_.put(key, *known);
      ++looked.seen;
    }
    looked.inputs.seen.push_back(known->seen);
    looked.tokens.push_back(known->tokens);
    looked.areas.push_back(known->area);
    if (known->grid_13.defined()) grids.push_back(known->grid_13);
  }
  if (looked.inputs.seen.size() == pictures.size()) {
    if (!grids.empty()) looked.inputs.pictures["image_grid_thw"] = at::cat(grids);
    return looked;
  }
  const auto prepared = processor.prepare(pictures);
  LookedAt all{{}, prepared.tokens, prepared.areas, std::ssize(pictures)};
  all.inputs.pictures = prepared.tensors;
  return all;
}

std::optional<int64_t> picture_place(const Json& config) {
  for (const char* key : {"image_token", "placeholder"})
    if (config.contains(key)) return config[key].get<int64_t>();
  if (config.value("kind", "") == "spliced") return SplicedPictures().placeholder;
  return std::nullopt;
}

std::vector<int64_t> spread_places(const std::vector<int64_t>& ids, int64_t place,
                                   const std::vector<int64_t>& tokens) {
  std::vector<int64_t> spread;
  size_t picture = 0;
  for (const int64_t id : ids)
    spread.insert(spread.end(), id == place ? static_cast<size_t>(tokens.at(picture++)) : 1, id);
  return spread;
}

}  // namespace conclave
