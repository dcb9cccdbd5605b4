#include "framework/tensor/cpu/parallel.h"

#include <ATen/Parallel.h>

#include <atomic>

namespace conclave::kernels {

int threads_for(int64_t multiply_adds) {
  return multiply_adds < (1 << 17) ? 1 : at::get_num_threads();
}

void parallel_ranges(int64_t n, int64_t grain, c10::function_ref<void(int64_t, int64_t)> f) {
  if (n > 0) at::parallel_for(0, n, grain, f);
}

void parallel_tasks(int64_t n, int threads, c10::function_ref<void(int64_t)> f) {
  if (threads <= 1 || n <= 1) {
    for (int64_t i = 0; i < n; ++i) f(i);
    return;
  }
  std::atomic<int64_t> next{0};
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) {
    for (int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < n;) f(i);
  });
}

}  // namespace conclave::kernels
