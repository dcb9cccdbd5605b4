#include "models/multimodal/spliced_pictures.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/config_object.h"
#include "framework/nn/labels.h"
#include "framework/tensor/fresh.h"

namespace conclave {
namespace {

// A list of rows of unequal length as one batch.
Tensor padded(const std::vector<Tensor>& rows, int64_t longest, bool right, double value) {
  std::vector<Tensor> wide;
  for (const auto& row : rows) {
    const int64_t missing = longest - row.size(0);
    std::vector<int64_t> pad = right ? std::vector<int64_t>{0, missing} : std::vector<int64_t>{missing, 0};
    if (row.dim() == 2) pad.insert(pad.begin(), {0, 0});
    wide.push_back(at::constant_pad_nd(row, pad, value));
  }
  return at::stack(wide);
}

}  // namespace

Tensor SplicedPictures::look(const Tensor& pictures_B3SS) const {
  const Tensor seen_BLD = tower->encode(tower->embed(patches_of(pictures_B3SS, patch)), {});
  return drop_class ? seen_BLD.narrow(1, 1, seen_BLD.size(1) - 1) : seen_BLD;
}

Tensor SplicedPictures::see(const Tensor& pictures_B3SS, std::map<std::string, Tensor>& features) const {
  std::vector<Tensor> views;
  if (scales.empty()) views.push_back(look(pictures_B3SS));
  for (const int64_t scale : scales) {
    const int64_t base = scales.front(), tiles = scale / base, batch = pictures_B3SS.size(0);
    const Tensor sized = pictures_B3SS.size(2) == scale
                             ? pictures_B3SS
                             : at::upsample_bicubic2d(pictures_B3SS, {scale, scale}, /*align_corners=*/false);
    // Tiles of the tower's own side, tile by tile over the batch.
    const Tensor cut =
        sized.unflatten(2, {tiles, base}).unflatten(4, {tiles, base}).permute({2, 4, 0, 1, 3, 5});
    const Tensor seen = look(cut.flatten(0, 2));  // [tiles·tiles·B, L, D]
    const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(seen.size(1)))));
    const Tensor joined = seen.view({tiles, tiles, batch, side, side, -1})
                              .permute({2, 5, 0, 3, 1, 4})
                              .reshape({batch, -1, tiles * side, tiles * side});
    views.push_back(at::adaptive_avg_pool2d(joined, {side, side}).flatten(2).transpose(1, 2));
  }
  Tensor x = at::cat(views, 2);
  features["vision_tower"] = x;
  for (size_t i = 0; i < projector.size(); ++i) x = projector[i]->forward(i > 0 ? at::gelu(x) : x);
  features["vision"] = x;
  if (!start_D.defined()) return x;
  const auto beside = [&](const Tensor& token_D) {
    return token_D.view({1, 1, -1}).expand({x.size(0), 1, x.size(2)});
  };
  return at::cat({beside(start_D), x, beside(end_D)}, 1);
}

// Without what stands before and behind them; no rows where they are no square.
PatchPlaces SplicedPictures::patches_among(int64_t tokens) const {
  PatchPlaces places;
  const int64_t beside = start_D.defined() ? 1 : 0;
  const bool class_token = tower->class_embedding_D.defined() && !drop_class && scales.empty();
  places.first = beside + (class_token ? 1 : 0);
  const int64_t patches = tokens - beside - places.first;
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(patches))));
  if (side * side == patches) places.rows = places.columns = side;
  return places;
}

std::shared_ptr<const SeenPicture> SplicedPictures::see_one(
    const std::map<std::string, Tensor>& picture) const {
  std::map<std::string, Tensor> features;
  const Tensor pixels = picture.at("pixel_values").to(tower->patch.weight.scalar_type());
  return std::make_shared<const SeenPicture>(SeenPicture{{"tokens", see(pixels, features)[0]}});
}

Reading SplicedPictures::read(const Inputs& inputs, const Tensor& words_NLD) const {
  Reading reading;
  Tensor pictures_MLD;
  std::vector<Tensor> before;
  for (const auto& one : inputs.seen) before.push_back(one->at("tokens").to(words_NLD.scalar_type()));
  if (!before.empty()) pictures_MLD = at::stack(before);
  for (const char* name : {"images", "pixel_values"})
    if (const auto images = inputs.pictures.find(name); images != inputs.pictures.end())
      pictures_MLD = see(images->second.to(words_NLD.scalar_type()), reading.features);
  // Some processors put a placeholder for each token of a picture, some one for all of them.
  const int64_t pictures = pictures_MLD.defined() ? pictures_MLD.size(0) : 0;
  const int64_t each = pictures > 0 ? pictures_MLD.size(1) : 1;
  const bool spread = each > 1 && (inputs.ids_NL == placeholder).sum().item<int64_t>() == pictures * each;
  int64_t next = 0, longest = 0;
  std::vector<Tensor> rows, labels, modality, valid;
  const auto text_only = inputs.pictures.find("text_only");
  const auto integers = at::dtype(at::kLong).device(words_NLD.device());
  for (int64_t n = 0; n < inputs.ids_NL.size(0); ++n) {
    const Tensor kept = inputs.valid_NL.defined() ? inputs.valid_NL[n].nonzero().squeeze(1)
                                                  : at::arange(inputs.ids_NL.size(1), integers);
    const Tensor ids = inputs.ids_NL[n].index_select(0, kept).contiguous();
    const Tensor words = words_NLD[n].index_select(0, kept);
    const Tensor asked =
        inputs.labels_NL.defined() ? inputs.labels_NL[n].index_select(0, kept) : at::full_like(ids, kNoLabel);
    const bool blind = text_only != inputs.pictures.end() && text_only->second[n].item<int64_t>() != 0;
    std::vector<Tensor> x, y, kind, seen;
    int64_t from = 0;
    const auto take_words = [&](int64_t to) {
      x.push_back(words.narrow(0, from, to - from));
      y.push_back(asked.narrow(0, from, to - from));
      kind.push_back(at::zeros({to - from}, integers));
      seen.push_back(at::ones({to - from}, at::kBool));
    };
    const Tensor host = ids.to(at::kCPU);
    for (int64_t i = 0; i < host.size(0); ++i) {
      if (host.const_data_ptr<int64_t>()[i] != placeholder) continue;
      require(next < pictures, "[pictures] more placeholders than the {} pictures", pictures);
      take_words(i);
      if (spread) {
        for (int64_t place = 1; place < each; ++place, ++i)
          require(i + 1 < host.size(0) && host.const_data_ptr<int64_t>()[i + 1] == placeholder,
                  "[pictures] a picture of {} tokens has {} places", each, place);
      }
      from = i + 1;
      const int64_t tokens = pictures_MLD.size(1);
      PatchPlaces places = patches_among(tokens);
      places.row = n;
      for (const Tensor& part : x) places.first += part.size(0);
      if (places.rows > 0) reading.patches.push_back(places);
      x.push_back(pictures_MLD[next++]);
      y.push_back(at::full({tokens}, kNoLabel, integers));
      kind.push_back(at::full({tokens}, static_cast<int64_t>(Modality::vision), integers));
      seen.push_back(at::full({tokens}, !blind, at::kBool));
      if (last_is_text) kind.back().select(0, tokens - 1).fill_(static_cast<int64_t>(Modality::text));
    }
    take_words(host.size(0));
    rows.push_back(at::cat(x));
    labels.push_back(at::cat(y));
    modality.push_back(at::cat(kind));
    valid.push_back(at::cat(seen));
    longest = std::max(longest, rows.back().size(0));
  }
  bool whole = text_only == inputs.pictures.end();
  for (const auto& row : rows) whole = whole && row.size(0) == longest;
  for (PatchPlaces& places : reading.patches)
    if (!pad_right) places.first += longest - rows[static_cast<size_t>(places.row)].size(0);
  reading.x_NLD = padded(rows, longest, pad_right, 0);
  if (!whole) reading.valid_NL = padded(valid, longest, pad_right, 0);
  if (inputs.labels_NL.defined()) reading.labels_NL = padded(labels, longest, pad_right, kNoLabel);
  reading.modality_T = padded(modality, longest, pad_right, 0).reshape({-1});
  return reading;
}

void SplicedPictures::visit(Visitor& v) {
  v.child("vision", tower);
  for (size_t i = 0; i < projector.size(); ++i) v.child("projector." + std::to_string(2 * i), projector[i]);
  v("picture_start", start_D);
  v("picture_end", end_D);
}

Ptr<PictureReader> make_spliced_pictures(const Json& config, const CausalLm& text) {
  ConfigObject c(config, "pictures");
  c.part("kind");
  auto reader = std::make_shared<SplicedPictures>();
  reader->tower = make_patch_tower(c.part("tower"), "pictures.tower");
  reader->patch = c.need_integer("patch");
  reader->placeholder = c.get("placeholder", int64_t{-200});
  reader->drop_class = c.get("drop_class", false);
  if (c.get("framed", false)) {
    reader->start_D = fresh_normal({text.model->width}, 0.02);
    reader->end_D = fresh_normal({text.model->width}, 0.02);
  }
  reader->last_is_text = c.get("last_is_text", false);
  reader->pad_right = c.one_of("pad", {"right", "left"}) == "right";
  // A list, or "28,56" as published.
  const Json& scales = c.part("scales");
  reader->scales =
      scales.is_string()
          ? parse_json("[" + scales.get<std::string>() + "]", c.name("scales")).get<std::vector<int64_t>>()
          : c.get("scales", std::vector<int64_t>{});
  for (const int64_t scale : reader->scales)
    require<UsageError>(reader->scales.front() > 0 && scale % reader->scales.front() == 0,
                        "pictures.scales: {} is no multiple of {}", scale, reader->scales.front());
  const int64_t width = text.model->width, depth = c.get_integer("depth", 2, 1);
  const auto views = std::max<int64_t>(1, static_cast<int64_t>(reader->scales.size()));
  for (int64_t i = 0; i < depth; ++i)
    reader->projector.push_back(
        std::make_shared<Linear>(i == 0 ? reader->tower->width() * views : width, width));
  c.finish();
  return reader;
}

}  // namespace conclave
