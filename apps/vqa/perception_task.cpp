#include "apps/vqa/perception_task.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "apps/vqa/sources.h"
#include "datasets/scenes/sampler.h"
#include "datasets/scenes/surface.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int64_t kStep = 4;  // units between the points asked about
constexpr int64_t kColors = 4, kShapes = 4, kWalls = 4;

}  // namespace

PerceptionTask::PerceptionTask(Ptr<VisionEncoder> vision, int64_t tile_size, int64_t scenes,
                               PictureInputConfig picture)
    : scenes_(scenes), picture_(std::move(picture)) {
  at::NoGradGuard no_grad;
  rows_ = vision->forward(at::zeros({1, 3, tile_size, tile_size}), {}).rows;
  points_ = scenes::kBoxSide / (rows_ * kStep);
  require<UsageError>(
      points_ > 0 && points_ * rows_ * kStep == scenes::kBoxSide,
      "perception training needs an encoder whose tokens divide a box of {} units into patches of a "
      "multiple of {}; this one has {} rows",
      scenes::kBoxSide, kStep, rows_);
  model_.vision = std::move(vision);
  model_.head = Linear(model_.vision->width, points_ * points_ * (kColors + kShapes + kWalls));
}

StepLoss PerceptionTask::loss_of(Random& random) {
  const int64_t boxes = scenes_ * scenes::kBoxes, side = rows_ * points_;
  std::vector<Tensor> tiles;
  Tensor color_BYX = at::zeros({boxes, side, side}, at::kLong), shape_BYX = at::zeros_like(color_BYX);
  Tensor wall_BYXW = at::zeros({boxes, side, side, kWalls});
  auto color = color_BYX.accessor<int64_t, 3>(), shape = shape_BYX.accessor<int64_t, 3>();
  auto wall = wall_BYXW.accessor<float, 4>();
  for (int64_t s = 0; s < scenes_; ++s) {
    const auto kind = random.chance(0.5) ? scenes::Kind::kTower : scenes::Kind::kScattered;
    const auto scene = scenes::sample_scene(kind, random);
    tiles.push_back(scene_tiles(scene, picture_));
    for (int64_t b = 0; b < scenes::kBoxes; ++b) {
      const int64_t at = s * scenes::kBoxes + b;
      for (int64_t y = 0; y < side; ++y) {
        for (int64_t x = 0; x < side; ++x) {
          const auto found =
              scenes::surface_at(scene[static_cast<size_t>(b)], (x + 0.5) * kStep, (y + 0.5) * kStep);
          color[at][y][x] = found.color;
          shape[at][y][x] = found.shape;
          for (int64_t w = 0; w < kWalls; ++w) wall[at][y][x][w] = found.touches[static_cast<size_t>(w)];
        }
      }
    }
  }
  const Tensor seen_BPD = model_.vision->forward(at::cat(tiles), {}).tokens_BLD;
  // Token (i, j) speaks for the points (i·points + y, j·points + x).
  const Tensor told = model_.head.forward(seen_BPD)
                          .to(at::kFloat)
                          .view({boxes, rows_, rows_, points_, points_, kColors + kShapes + kWalls})
                          .permute({0, 1, 3, 2, 4, 5})
                          .reshape({boxes * side * side, kColors + kShapes + kWalls});
  const Tensor color_P = color_BYX.flatten(), shape_P = shape_BYX.flatten();
  const Tensor color_told = told.narrow(1, 0, kColors), shape_told = told.narrow(1, kColors, kShapes);
  const Tensor item_P1 = color_P.ne(0).unsqueeze(1).to(at::kFloat);
  const Tensor wall_loss = at::binary_cross_entropy_with_logits(
      told.narrow(1, kColors + kShapes, kWalls), wall_BYXW.flatten(0, 2), {}, {}, at::Reduction::None);
  StepLoss result;
  result.loss = at::cross_entropy_loss(color_told, color_P) + at::cross_entropy_loss(shape_told, shape_P) +
                (wall_loss * item_P1).sum() / (item_P1.sum() * kWalls).clamp_min(1);
  const Tensor right = color_told.argmax(1).eq(color_P) & shape_told.argmax(1).eq(shape_P);
  const Tensor on_items = right.to(at::kFloat) * item_P1.squeeze(1);
  result.metrics["points_right"] = (on_items.sum() / item_P1.sum().clamp_min(1)).item<double>();
  return result;
}

StepLoss PerceptionTask::loss(MicroBatch& batch) {
  return loss_of(batch.random);
}

Metrics PerceptionTask::evaluate() {
  at::NoGradGuard no_grad;
  Random random(1, "perception/evaluate");
  const StepLoss held_out = loss_of(random);
  Metrics metrics = held_out.metrics;
  metrics["loss"] = held_out.loss.item<double>();
  return metrics;
}

}  // namespace conclave
