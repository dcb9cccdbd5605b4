#include "models/multimodal/mrope.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "framework/base/error.h"

namespace conclave {
namespace {

// Hands out the grids of one kind in their order.
class Queue {
 public:
  Queue(const Tensor& grid_M3, int64_t merge, const char* kind, const Tensor& step_M = {}, bool apart = false)
      : merge_(merge), kind_(kind) {
    if (!grid_M3.defined()) return;
    require(grid_M3.dim() == 2 && grid_M3.size(1) == 3, "[mrope] {} grids must be [M,3]", kind);
    grid_ = grid_M3.to(at::kCPU, at::kLong).contiguous();
    if (apart) {
      grid_ = grid_.repeat_interleave(grid_.select(1, 0), 0).contiguous();
      grid_.select(1, 0).fill_(1);
    }
    if (!step_M.defined()) return;
    require(step_M.numel() == grid_.size(0), "[mrope] {} steps for {} grids", step_M.numel(), grid_.size(0));
    step_ = step_M.to(at::kCPU, at::kFloat).contiguous();
  }
  bool any() const { return grid_.defined(); }
  // Tokens along (t, h, w).
  std::array<int64_t, 3> next() {
    require(grid_.defined() && next_ + 1 < grid_.size(0), "[mrope] more {} places than {} grids", kind_,
            kind_);
    const int64_t* g = grid_.const_data_ptr<int64_t>() + 3 * ++next_;
    require(g[0] > 0 && g[1] > 0 && g[2] > 0 && g[1] % merge_ == 0 && g[2] % merge_ == 0,
            "[mrope] {} grid ({}, {}, {}): sides must be multiples of {}", kind_, g[0], g[1], g[2], merge_);
    return {g[0], g[1] / merge_, g[2] / merge_};
  }

  // Where a frame of the last one lies behind its first.
  int64_t time(int64_t frame) const {
    return step_.defined()
               ? static_cast<int64_t>(static_cast<float>(frame) * step_.const_data_ptr<float>()[next_])
               : frame;
  }

 private:
  Tensor grid_, step_;
  int64_t merge_, next_ = -1;
  const char* kind_;
};

}  // namespace

MropePositions mrope_positions(const Tensor& ids_NL, const Tensor& valid_NL, const PictureGrids& grids) {
  const int64_t rows = ids_NL.size(0), tokens = ids_NL.size(1);
  const Tensor ids = ids_NL.to(at::kCPU, at::kLong).contiguous();
  const Tensor valid = valid_NL.defined() ? valid_NL.to(at::kCPU, at::kBool).contiguous()
                                          : at::ones({rows, tokens}, at::kBool);
  MropePositions made{at::ones({3, rows, tokens}, at::kLong), at::zeros({rows}, at::kLong)};
  auto position = made.position_3NL.accessor<int64_t, 3>();
  Queue images(grids.image_M3, grids.merge, "picture"),
      videos(grids.video_M3, grids.merge, "video", grids.video_step_M, grids.frames_apart);
  for (int64_t n = 0; n < rows; ++n) {
    const int64_t* id = ids.const_data_ptr<int64_t>() + n * tokens;
    const bool* kept = valid.const_data_ptr<bool>() + n * tokens;
    int64_t next = 0;
    for (int64_t i = 0; i < tokens;) {
      if (!kept[i]) {
        ++i;
        continue;
      }
      const bool picture =
          (images.any() && id[i] == grids.image_token) || (videos.any() && id[i] == grids.video_token);
      if (!picture) {
        for (int axis = 0; axis < 3; ++axis) position[axis][n][i] = next;
        ++next;
        ++i;
        continue;
      }
      const int64_t kind = id[i];
      Queue& queue = kind == grids.image_token ? images : videos;
      const auto [frames, high, wide] = queue.next();
      for (int64_t place = 0; place < frames * high * wide; ++place, ++i) {
        require(i < tokens && id[i] == kind, "[mrope] a picture of {} tokens has {} places",
                frames * high * wide, place);
        position[0][n][i] = next + queue.time(place / (high * wide));
        position[1][n][i] = next + place / wide % high;
        position[2][n][i] = next + place % wide;
      }
      next += std::max({queue.time(frames - 1) + 1, high, wide});
    }
    made.next_N[n] = next;
  }
  made.position_3NL = made.position_3NL.to(ids_NL.device());
  made.next_N = made.next_N.to(ids_NL.device());
  return made;
}

}  // namespace conclave
