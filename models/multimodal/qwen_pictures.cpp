#include "models/multimodal/qwen_pictures.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

struct Frame {
  int64_t rows, columns;
  int64_t patches() const { return rows * columns; }
};

// One sequence for each frame of each picture.
std::vector<Frame> frames_of(const Tensor& grid_M3, int64_t merge) {
  const Tensor grid = grid_M3.to(at::kCPU, at::kLong).contiguous();
  require(grid.dim() == 2 && grid.size(1) == 3, "[pictures] grids must be [M,3]");
  std::vector<Frame> frames;
  for (int64_t m = 0; m < grid.size(0); ++m) {
    const int64_t* g = grid.const_data_ptr<int64_t>() + 3 * m;
    require(g[0] > 0 && g[1] > 0 && g[2] > 0 && g[1] % merge == 0 && g[2] % merge == 0,
            "[pictures] grid ({}, {}, {}): sides must be multiples of {}", g[0], g[1], g[2], merge);
    frames.insert(frames.end(), static_cast<size_t>(g[0]), {g[1], g[2]});
  }
  return frames;
}

// Values of a grid [rows,columns,...] in the order in which merged patches lie side by side.
Tensor in_merge_order(const Tensor& grid, const Frame& frame, int64_t merge) {
  return grid.unflatten(0, {frame.rows / merge, merge})
      .unflatten(2, {frame.columns / merge, merge})
      .transpose(1, 2)
      .flatten(0, 3);
}

// Rows and columns of a frame's patches [2,P].
Tensor places_of(const Frame& frame, int64_t merge) {
  const Tensor rows = at::arange(frame.rows).unsqueeze(1).expand({frame.rows, frame.columns});
  const Tensor columns = at::arange(frame.columns).unsqueeze(0).expand({frame.rows, frame.columns});
  return at::stack({in_merge_order(rows, frame, merge), in_merge_order(columns, frame, merge)});
}

// The window of each patch; places as places_of gives them.
Tensor windows_of(const Tensor& places_2P, const Frame& frame, int64_t merge, int64_t side) {
  const Tensor window_2P = places_2P.div(merge * side, "floor");
  return window_2P[0] * frame.columns + window_2P[1];
}

// How `count` points, evenly from the first to the last of `side`, mix their two neighbours: [count, side].
Tensor between(int64_t count, int64_t side) {
  const Tensor place = at::linspace(0, static_cast<double>(side - 1), count);
  const Tensor low = place.floor(), share = place - low;
  const Tensor index = low.to(at::kLong).unsqueeze(1);
  return at::zeros({count, side})
      .scatter_add(1, index, (1 - share).unsqueeze(1))
      .scatter_add(1, (index + 1).clamp_max(side - 1), share.unsqueeze(1));
}

// A learned square table read at the places of a grid.
Tensor interpolated(const Tensor& table_PD, const Frame& frame, int64_t merge) {
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(table_PD.size(0)))));
  const Tensor table = table_PD.view({side, side, -1}).to(at::kFloat);
  const Tensor rows = at::tensordot(between(frame.rows, side), table, {1}, {0});  // [h,side,D]
  const Tensor grid = at::tensordot(between(frame.columns, side), rows, {1}, {1}).transpose(0, 1);  // [h,w,D]
  return in_merge_order(grid, frame, merge).to(table_PD.scalar_type());
}

Tensor mlp(const Linear& fc1, const Linear& fc2, const Tensor& x) {
  return fc2.forward(at::gelu(fc1.forward(x)));
}

}  // namespace

Tensor PatchMerger::forward(const Tensor& x_PD) const {
  const int64_t tokens = x_PD.size(0) / joined;
  const Tensor x =
      norm_joined ? norm->forward(x_PD.reshape({tokens, -1})) : norm->forward(x_PD).reshape({tokens, -1});
  return mlp(fc1, fc2, x);
}

void PatchMerger::visit(Visitor& v) {
  v.child("norm", norm);
  v.child("fc1", fc1);
  v.child("fc2", fc2);
}

Tensor LayerSelector::forward(const std::vector<Tensor>& layers,
                              std::map<std::string, Tensor>& features) const {
  const auto read = [&](const Range& range, const std::string& name) {
    std::vector<Tensor> means;
    for (int64_t i = range.first; i < range.last; ++i)
      means.push_back(layers[static_cast<size_t>(i)].mean(0));
    const Tensor score_L = range.layer_gate.forward(at::stack(means)).squeeze(1);
    const auto best = score_L.argmax().item<int64_t>();
    const Tensor& x_PD = layers[static_cast<size_t>(range.first + best)];
    const Tensor score_P = range.token_gate.forward(x_PD).squeeze(1);
    const Tensor kept = std::get<1>(score_P.topk(score_P.size(0) / 2));
    features["selector." + name + "_layer.scores"] = score_L;
    features["selector." + name + "_layer.chosen"] = at::tensor({best}, at::kLong);
    features["selector." + name + "_tokens.scores"] = score_P;
    features["selector." + name + "_tokens.chosen"] = kept;
    const Tensor mask = at::zeros({x_PD.size(0), 1}, x_PD.options()).index_fill(0, kept, 1);
    return mlp(range.fc1, range.fc2, (x_PD * mask).reshape({x_PD.size(0) / 4, -1}));
  };
  return read(shallow, "shallow") + read(middle, "middle");
}

void LayerSelector::visit(Visitor& v) {
  const auto parts = [&](Range& range, const std::string& name) {
    v.child("gate_" + name + "_layer", range.layer_gate);
    v.child("gate_" + name + "_tokens", range.token_gate);
    v.child("mlp_" + name + ".0", range.fc1);
    v.child("mlp_" + name + ".2", range.fc2);
  };
  parts(shallow, "shallow");
  parts(middle, "middle");
  v("a_weights", a_weights);
  v("b_weights", b_weights);
}

QwenPictures::Seen QwenPictures::see(const Tensor& patches_PX, const Tensor& grid_M3,
                                     std::map<std::string, Tensor>& features) const {
  const auto frames = frames_of(grid_M3, merge);
  const auto count = static_cast<int64_t>(frames.size());
  int64_t longest = 0, total = 0;
  for (const auto& frame : frames) {
    longest = std::max(longest, frame.patches());
    total += frame.patches();
  }
  require(patches_PX.dim() == 2 && patches_PX.size(0) == total &&
              patches_PX.size(1) == tower->patch.in_features(),
          "[pictures] patches are {}, the grids ask for [{}, {}]", fmt::join(patches_PX.sizes(), "x"), total,
          tower->patch.in_features());
  const Tensor embedded_PD = tower->patch.forward(patches_PX.to(tower->patch.weight.scalar_type()));
  features["patch_embed"] = embedded_PD;

  // One row for each frame; short ones are padded.
  std::vector<Tensor> rows, places, windows;
  Tensor valid_NL = at::zeros({count, longest}, at::kBool);
  int64_t start = 0;
  for (int64_t n = 0; n < count; ++n) {
    const Frame& frame = frames[static_cast<size_t>(n)];
    Tensor x = embedded_PD.narrow(0, start, frame.patches());
    if (interpolate_positions) x = x + interpolated(tower->position_PD, frame, merge);
    rows.push_back(at::constant_pad_nd(x, {0, 0, 0, longest - frame.patches()}));
    const Tensor here_2P = places_of(frame, merge);
    places.push_back(at::constant_pad_nd(here_2P, {0, longest - frame.patches()}));
    if (window > 0)
      windows.push_back(at::constant_pad_nd(windows_of(here_2P, frame, merge, window),
                                            {0, longest - frame.patches()}, /*value=*/-1));
    valid_NL[n].narrow(0, 0, frame.patches()).fill_(true);
    start += frame.patches();
  }
  PassInput input;
  input.position = at::stack(places, 1);
  if (total != count * longest) input.valid_NL = valid_NL;
  std::vector<Tensor> layers;
  TokenContext context;
  if (window > 0) context.unit_T = at::cat(windows);
  const Tensor last_NLD = tower->encode(at::stack(rows), input, &layers, context);
  const auto flat = [&](const Tensor& x_NLD) {
    return input.valid_NL.defined() ? x_NLD.index({valid_NL}) : x_NLD.flatten(0, 1);
  };
  for (size_t i = 0; i < layers.size(); ++i) {
    layers[i] = flat(layers[i]);
    features["vision_block." + std::to_string(i)] = layers[i];
  }
  require(!resampler || grid_M3.select(1, 0).eq(1).all().item<bool>(), "[pictures] videos are not read");
  const Tensor last_PD = flat(last_NLD);
  Seen seen{resampler ? resampler->forward(last_PD) : merger.forward(last_PD), {}};
  features["merger"] = seen.merged_ND;
  for (size_t j = 0; j < deepstack_layers.size(); ++j) {
    seen.deepstack.push_back(deepstack_mergers[j]->forward(layers[static_cast<size_t>(deepstack_layers[j])]));
    features["deepstack." + std::to_string(j)] = seen.deepstack.back();
  }
  if (selector) {
    const Tensor selected = selector->forward(layers, features);
    features["vision_selector"] = selected;
    seen.merged_ND = seen.merged_ND + selected;
  }
  return seen;
}

namespace {

// Tokens of a picture are merged patches, row by row. Frames behind the first are left out.
std::vector<PatchPlaces> patch_places(const Tensor& ids_NL, int64_t token, const Tensor& grid_M3,
                                      int64_t merge) {
  std::vector<PatchPlaces> all;
  const Tensor ids = ids_NL.to(at::kCPU, at::kLong).contiguous();
  const Tensor grids = grid_M3.to(at::kCPU, at::kLong).contiguous();
  int64_t picture = 0;
  for (int64_t n = 0; n < ids.size(0); ++n)
    for (int64_t i = 0; i < ids.size(1); ++i) {
      if (ids.const_data_ptr<int64_t>()[n * ids.size(1) + i] != token || picture == grids.size(0)) continue;
      const int64_t* grid = grids.const_data_ptr<int64_t>() + 3 * picture++;
      all.push_back({n, i, grid[1] / merge, grid[2] / merge});
      i += grid[0] * all.back().rows * all.back().columns - 1;
    }
  return all;
}

}  // namespace

std::shared_ptr<const SeenPicture> QwenPictures::see_one(const std::map<std::string, Tensor>& picture) const {
  if (selector) return nullptr;
  std::map<std::string, Tensor> features;
  const Seen seen = see(picture.at("pixel_values"), picture.at("image_grid_thw"), features);
  SeenPicture one = {{"merged", seen.merged_ND}};
  for (size_t j = 0; j < seen.deepstack.size(); ++j)
    one["deepstack." + std::to_string(j)] = seen.deepstack[j];
  return std::make_shared<const SeenPicture>(std::move(one));
}

Reading QwenPictures::read(const Inputs& inputs, const Tensor& words_NLD) const {
  Reading reading;
  reading.x_NLD = words_NLD;
  reading.valid_NL = inputs.valid_NL;
  reading.labels_NL = inputs.labels_NL;
  const auto given = [&](const char* name) {
    const auto found = inputs.pictures.find(name);
    return found == inputs.pictures.end() ? Tensor() : found->second;
  };
  for (const auto& [kind, token] : refused)
    require<UsageError>(
        token < 0 || !(inputs.ids_NL == token).any().item<bool>(),
        "the prompt has a place for {} (token {}), which this model's code here does not read", kind, token);
  PictureGrids grids{given("image_grid_thw"), given("video_grid_thw"), image_token, video_token, merge};
  grids.frames_apart = frames_apart;
  if (const Tensor seconds_M = given("second_per_grid_ts"); video_positions > 0 && grids.video_M3.defined())
    grids.video_step_M =
        (seconds_M.defined() ? seconds_M.to(at::kFloat) : at::ones({grids.video_M3.size(0)})) *
        video_positions;
  const MropePositions positions = mrope_positions(inputs.ids_NL, inputs.valid_NL, grids);
  reading.position = inputs.position.defined() ? inputs.position : positions.position_3NL;
  reading.next_N = positions.next_N;
  reading.features["position_ids"] = positions.position_3NL;
  reading.features["rope_deltas"] = (positions.next_N - inputs.ids_NL.size(1)).unsqueeze(1);

  Tensor modality_NL = at::zeros_like(inputs.ids_NL);
  for (const int64_t token : vision_tokens)
    modality_NL.masked_fill_(inputs.ids_NL == token, static_cast<int64_t>(Modality::vision));
  const auto put = [&](const char* pixels, const Tensor& grid_M3, int64_t token, Modality modality,
                       const char* name) {
    const Tensor patches = given(pixels);
    const bool before = modality == Modality::vision && !inputs.seen.empty();
    if (!patches.defined() && !before) return;
    const auto joined = [&](const std::string& part) {
      std::vector<Tensor> all;
      for (const auto& one : inputs.seen) all.push_back(one->at(part));
      return at::cat(all);
    };
    Seen seen;
    if (before) {
      seen.merged_ND = joined("merged");
      for (size_t j = 0; j < deepstack_layers.size(); ++j)
        seen.deepstack.push_back(joined("deepstack." + std::to_string(j)));
    } else {
      seen = see(patches, grid_M3, reading.features);
    }
    const Tensor here_NL1 = (inputs.ids_NL == token).unsqueeze(2);
    require(here_NL1.sum().item<int64_t>() == seen.merged_ND.size(0),
            "[pictures] {} places for {} picture tokens", here_NL1.sum().item<int64_t>(),
            seen.merged_ND.size(0));
    reading.x_NLD = reading.x_NLD.masked_scatter(here_NL1, seen.merged_ND.to(words_NLD.scalar_type()));
    reading.features[name] = seen.merged_ND;
    reading.features["vision"] = seen.merged_ND;
    for (size_t j = 0; j < seen.deepstack.size(); ++j) {
      if (reading.after_layer.size() <= j) reading.after_layer.push_back(at::zeros_like(words_NLD));
      reading.after_layer[j] =
          reading.after_layer[j].masked_scatter(here_NL1, seen.deepstack[j].to(words_NLD.scalar_type()));
    }
    modality_NL.masked_fill_(here_NL1.squeeze(2), static_cast<int64_t>(modality));
  };
  if (grids.image_M3.defined())
    reading.patches = patch_places(inputs.ids_NL, image_token, grids.image_M3, merge);
  put("pixel_values", grids.image_M3, image_token, Modality::vision, "image_features");
  put("pixel_values_videos", grids.video_M3, video_token, Modality::video, "video_features");
  reading.modality_T = modality_NL.reshape({-1});
  return reading;
}

void QwenPictures::visit(Visitor& v) {
  v.child("visual", tower);
  v.child("visual.merger", merger);
  v.child("resampler", resampler);
  v.children("visual.deepstack_merger_list", deepstack_mergers);
  v.child("visual.vision_selector", selector);
}

namespace {

void fill_merger(PatchMerger& merger, int64_t width, int64_t joined, int64_t out, bool norm_joined,
                 const std::string& norm = "layer_norm") {
  merger.joined = joined;
  merger.norm_joined = norm_joined;
  merger.norm = make_norm(norm, norm_joined ? width * joined : width, 1e-6);
  merger.fc1 = Linear(width * joined, width * joined);
  merger.fc2 = Linear(width * joined, out);
}

// The published code knows these numbers of layers alone.
constexpr int64_t kShallow = 10, kMiddle = 31;

Ptr<LayerSelector> make_selector(int64_t layers, int64_t width, int64_t out) {
  require<UsageError>(layers > kShallow, "pictures.selector: a tower of {} layers, more than {} are needed",
                      layers, kShallow);
  auto selector = std::make_shared<LayerSelector>();
  const auto fill = [&](LayerSelector::Range& range, int64_t first, int64_t last) {
    range.first = first;
    range.last = last;
    range.layer_gate = Linear(width, 1, false);
    range.token_gate = Linear(width, 1, false);
    range.fc1 = Linear(4 * width, 4 * width);
    range.fc2 = Linear(4 * width, out);
  };
  fill(selector->shallow, 0, kShallow);
  fill(selector->middle, kShallow, std::min(layers, kMiddle));
  selector->a_weights = at::zeros({kShallow});
  selector->b_weights = at::zeros({kMiddle - kShallow});
  return selector;
}

}  // namespace

Ptr<PictureReader> make_qwen_pictures(const Json& config, const CausalLm& text) {
  ConfigObject c(config, "pictures");
  c.part("kind");
  auto reader = std::make_shared<QwenPictures>();
  reader->tower = make_patch_tower(c.part("tower"), "pictures.tower");
  reader->merge = c.get_integer("merge", 2, 1);
  reader->image_token = c.need<int64_t>("image_token");
  reader->video_token = c.get("video_token", int64_t{-1});
  ConfigObject video(c.part("video"), "pictures.video");
  reader->video_positions = video.get("positions", 0.0);
  reader->frames_apart = video.get("apart", false);
  video.finish();
  for (const auto& [kind, token] : c.part("refused").items()) reader->refused[kind] = token.get<int64_t>();
  reader->interpolate_positions = reader->tower->position_PD.defined();
  const int64_t joined = reader->merge * reader->merge, width = reader->tower->width(),
                out = text.model->width;
  const auto merger_norm = c.one_of("merger_norm", {"layer_norm", "rms_norm"});
  if (c.has("resampler")) {
    ConfigObject resampler(c.part("resampler"), "pictures.resampler");
    reader->resampler = std::make_shared<PatchResampler>(width, joined, out, resampler.get("eps", 1e-6),
                                                         resampler.get("text_eps", 1e-5));
    resampler.finish();
  } else {
    fill_merger(reader->merger, width, joined, out, false, merger_norm);
  }
  reader->vision_tokens = c.get("vision_tokens", std::vector<int64_t>{});
  if (c.has("windows")) {
    ConfigObject windows(c.part("windows"), "pictures.windows");
    reader->window = windows.need_integer("side");
    make_windowed(*reader->tower, windows.need<std::vector<int64_t>>("full"));
    windows.finish();
  }
  reader->deepstack_layers = c.get("deepstack", std::vector<int64_t>{});
  const auto layers = static_cast<int64_t>(reader->tower->stack->layers.size());
  for (const int64_t layer : reader->deepstack_layers) {
    require<UsageError>(layer >= 0 && layer < layers, "pictures.deepstack: layer {} of {}", layer, layers);
    fill_merger(*reader->deepstack_mergers.emplace_back(std::make_shared<PatchMerger>()), width, joined, out,
                true);
  }
  if (c.get("selector", false)) reader->selector = make_selector(layers, width, out);
  c.finish();
  return reader;
}

}  // namespace conclave
