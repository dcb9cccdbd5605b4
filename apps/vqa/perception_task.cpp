#include "apps/vqa/perception_task.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "apps/vqa/sources.h"
#include "datasets/scenes/count_table.h"
#include "datasets/scenes/sampler.h"
#include "datasets/scenes/surface.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int64_t kStep = 4;  // units between the points asked about
constexpr int64_t kColors = 4, kShapes = 4, kWalls = 4;
constexpr int64_t kPoint = kColors + kShapes + kWalls;
constexpr int64_t kEarlyLayers = 2;
constexpr double kCountWeight = 3;
constexpr int64_t kCounts = int64_t{scenes::kSorts} * scenes::kStandings;
constexpr int64_t kBlocks = scenes::kMaxBlocks;

// The share of entries of a float mask's ones that are right.
double share_right(const Tensor& right, const Tensor& mask) {
  return ((right.to(at::kFloat) * mask).sum() / mask.sum().clamp_min(1)).item<double>();
}

}  // namespace

PerceptionTask::PerceptionTask(Vlm& vlm, int64_t scenes, PictureInputConfig picture)
    : scenes_(scenes), picture_(std::move(picture)) {
  at::NoGradGuard no_grad;
  rows_ = vlm.vision->forward(at::zeros({1, 3, vlm.tile_size(), vlm.tile_size()}), {}).rows;
  points_ = scenes::kBoxSide / (rows_ * kStep);
  require<UsageError>(
      points_ > 0 && points_ * rows_ * kStep == scenes::kBoxSide,
      "perception training needs an encoder whose tokens divide a box of {} units into patches of a "
      "multiple of {}; this one has {} rows",
      scenes::kBoxSide, kStep, rows_);
  parts_.vlm = &vlm;
  parts_.point_head = Linear(vlm.vision->width, points_ * points_ * kPoint);
  parts_.count_head = Linear(vlm.decoder->width, kCounts * scenes::kCountClasses + kBlocks * kColors);
  early_.width = vlm.decoder->width;
  early_.rotary = vlm.decoder->rotary;
  const auto& layers = vlm.decoder->layers;
  early_.layers.assign(layers.begin(), layers.begin() + std::min<int64_t>(kEarlyLayers, std::ssize(layers)));
}

PerceptionTask::Drawn PerceptionTask::draw(Random& random) const {
  Drawn drawn;
  std::vector<Tensor> tiles;
  for (int64_t s = 0; s < scenes_; ++s) {
    const auto kind = random.chance(0.5) ? scenes::Kind::kTower : scenes::Kind::kScattered;
    const auto scene = scenes::sample_scene(kind, random);
    tiles.push_back(scene_tiles(scene, picture_));
    drawn.boxes.insert(drawn.boxes.end(), scene.begin(), scene.end());
  }
  drawn.tiles_BN3SS = at::stack(tiles);
  return drawn;
}

Tensor PerceptionTask::points_loss(const FeatureGrid& seen, const std::vector<scenes::Box>& boxes,
                                   Metrics& metrics) const {
  const int64_t count = std::ssize(boxes), side = rows_ * points_;
  Tensor color_BYX = at::zeros({count, side, side}, at::kLong), shape_BYX = at::zeros_like(color_BYX);
  Tensor wall_BYXW = at::zeros({count, side, side, kWalls});
  auto color = color_BYX.accessor<int64_t, 3>(), shape = shape_BYX.accessor<int64_t, 3>();
  auto wall = wall_BYXW.accessor<float, 4>();
  for (int64_t b = 0; b < count; ++b) {
    for (int64_t y = 0; y < side; ++y) {
      for (int64_t x = 0; x < side; ++x) {
        const auto found =
            scenes::surface_at(boxes[static_cast<size_t>(b)], (x + 0.5) * kStep, (y + 0.5) * kStep);
        color[b][y][x] = found.color;
        shape[b][y][x] = found.shape;
        for (int64_t w = 0; w < kWalls; ++w) wall[b][y][x][w] = found.touches[static_cast<size_t>(w)];
      }
    }
  }
  // Token (i, j) speaks for the points (i·points + y, j·points + x).
  const Tensor told = parts_.point_head.forward(seen.tokens_BLD)
                          .to(at::kFloat)
                          .view({count, rows_, rows_, points_, points_, kPoint})
                          .permute({0, 1, 3, 2, 4, 5})
                          .reshape({count * side * side, kPoint});
  const Tensor color_P = color_BYX.flatten(), shape_P = shape_BYX.flatten();
  const Tensor color_told = told.narrow(1, 0, kColors), shape_told = told.narrow(1, kColors, kShapes);
  const Tensor item_P = color_P.ne(0).to(at::kFloat);
  const Tensor wall_loss = at::binary_cross_entropy_with_logits(
      told.narrow(1, kColors + kShapes, kWalls), wall_BYXW.flatten(0, 2), {}, {}, at::Reduction::None);
  metrics["points_right"] =
      share_right(color_told.argmax(1).eq(color_P) & shape_told.argmax(1).eq(shape_P), item_P);
  return at::cross_entropy_loss(color_told, color_P) + at::cross_entropy_loss(shape_told, shape_P) +
         (wall_loss * item_P.unsqueeze(1)).sum() / (item_P.sum() * kWalls).clamp_min(1);
}

Tensor PerceptionTask::counts_loss(const FeatureGrid& seen, const std::vector<scenes::Box>& boxes,
                                   Metrics& metrics) const {
  const int64_t count = std::ssize(boxes), width = early_.width;
  const Tensor read_SLD = early_.forward(parts_.vlm->placed(seen, scenes_, {}), {.causal = false}, {});
  const Tensor register_BD =
      read_SLD.view({count, -1, width}).select(1, rows_ * rows_);  // the first after the patches
  const Tensor told_BC = parts_.count_head.forward(register_BD).to(at::kFloat);
  std::vector<int64_t> counts, towers;
  for (const auto& box : boxes) {
    const auto table = scenes::count_table(box);
    counts.insert(counts.end(), table.counts.begin(), table.counts.end());
    towers.insert(towers.end(), table.tower.begin(), table.tower.end());
  }
  const Tensor count_E = at::tensor(counts, at::kLong), block_E = at::tensor(towers, at::kLong);
  const Tensor count_told =
      told_BC.narrow(1, 0, kCounts * scenes::kCountClasses).reshape({count * kCounts, scenes::kCountClasses});
  const Tensor block_told = told_BC.narrow(1, kCounts * scenes::kCountClasses, kBlocks * kColors)
                                .reshape({count * kBlocks, kColors});
  const Tensor some_E = count_E.ne(0).to(at::kFloat), tower_E = block_E.ne(-1).to(at::kFloat);
  metrics["counts_right"] = share_right(count_told.argmax(1).eq(count_E), some_E);
  metrics["blocks_right"] = share_right(block_told.argmax(1).eq(block_E), tower_E);
  const Tensor block_loss = at::cross_entropy_loss(block_told, block_E, {}, at::Reduction::Sum, -1);
  return kCountWeight * at::cross_entropy_loss(count_told, count_E) + block_loss / tower_E.sum().clamp_min(1);
}

StepLoss PerceptionTask::loss_of(Random& random) {
  const Drawn drawn = draw(random);
  const FeatureGrid seen = parts_.vlm->vision->forward(drawn.tiles_BN3SS.flatten(0, 1), {});
  StepLoss result;
  result.loss = points_loss(seen, drawn.boxes, result.metrics);
  if (parts_.vlm->registers() > 0) result.loss = result.loss + counts_loss(seen, drawn.boxes, result.metrics);
  return result;
}

StepLoss PerceptionTask::loss(MicroBatch& batch) {
  return loss_of(batch.random);
}

Metrics PerceptionTask::evaluate() {
  at::NoGradGuard no_grad;
  Random random(1, "perception/evaluate");
  const StepLoss held_out = loss_of(random);
  Metrics metrics{{kHeldOutLoss, held_out.loss.item<double>()}};
  for (const auto& [name, value] : held_out.metrics) metrics["held_out." + name] = value;
  return metrics;
}

}  // namespace conclave
