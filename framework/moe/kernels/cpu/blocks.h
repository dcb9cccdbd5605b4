/// How a grouped product is cut into tasks: blocks of weight rows of one expert, panels of its rows inside.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "framework/tensor/cpu/parallel.h"

namespace conclave::kernels {

constexpr int64_t kRowPanel = 64;  // rows of one expert per pass over a block of weights
constexpr int64_t kMinBlock = 16;  // weight rows of a task
constexpr int64_t kMaxBlock = 64;

/// The experts that have rows.
struct Groups {
  std::vector<int32_t> active;
  std::vector<int32_t> first;  ///< first row of active[a]; one more entry, N

  /// offsets: E+1 ends.
  explicit Groups(std::span<const int32_t> offsets) {
    for (size_t e = 0; e + 1 < offsets.size(); ++e) {
      if (offsets[e + 1] == offsets[e]) continue;
      active.push_back(static_cast<int32_t>(e));
      first.push_back(offsets[e]);
    }
    first.push_back(offsets.back());
  }
};

/// f(expert, first row, rows, first weight row, weight rows) over all blocks of `outs` weight rows.
template <class F>
void each_block(const Groups& groups, int64_t outs, int threads, F f) {
  const auto active = static_cast<int64_t>(groups.active.size());
  const int64_t wanted = active * outs / (8 * static_cast<int64_t>(threads)) / 8 * 8;
  const int64_t block = std::clamp(wanted, kMinBlock, kMaxBlock);
  const int64_t blocks = (outs + block - 1) / block;
  parallel_tasks(active * blocks, threads, [&](int64_t task) {
    const int64_t a = task / blocks, begin = task % blocks * block, width = std::min(block, outs - begin);
    for (int64_t r = groups.first[a]; r < groups.first[a + 1]; r += kRowPanel) {
      f(groups.active[a], r, std::min<int64_t>(kRowPanel, groups.first[a + 1] - r), begin, width);
    }
  });
}

}  // namespace conclave::kernels
