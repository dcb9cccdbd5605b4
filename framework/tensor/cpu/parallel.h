/// LibTorch's own thread pool. at::parallel_for is serial in a file compiled without -fopenmp, so this is the
/// one door to it.
#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace conclave::kernels {

/// Threads for a product: one where threads would cost more than they bring.
int threads_for(int64_t multiply_adds);

/// f(begin, end) over pieces of [0, n) of at least `grain`; the pieces depend on the thread count alone.
void parallel_ranges(int64_t n, int64_t grain, c10::function_ref<void(int64_t, int64_t)> f);

/// f(i) for i in [0, n), claimed one by one, so unequal tasks even out. Runs here when `threads` is 1.
void parallel_tasks(int64_t n, int threads, c10::function_ref<void(int64_t)> f);

}  // namespace conclave::kernels
