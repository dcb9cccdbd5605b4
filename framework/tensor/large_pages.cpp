#include "framework/tensor/large_pages.h"

#include <ATen/ATen.h>
#include <sys/mman.h>

#include <cstdint>

namespace conclave {
namespace {

constexpr uintptr_t kLargePage = uintptr_t{2} << 20;

}  // namespace

at::Tensor empty_in_large_pages(at::IntArrayRef shape, at::ScalarType dtype) {
  at::Tensor tensor = at::empty(shape, dtype);
#ifdef MADV_HUGEPAGE
  // Asked for before the memory is touched; whole large pages inside it. A refusal changes nothing.
  const auto begin = reinterpret_cast<uintptr_t>(tensor.mutable_data_ptr());
  const uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage,
                  end = (begin + tensor.nbytes()) / kLargePage * kLargePage;
  if (end > first) (void)madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
  return tensor;
}

at::Tensor to_dtype_in_large_pages(const at::Tensor& stored, at::ScalarType dtype) {
  if (stored.scalar_type() == dtype) return stored;
  return empty_in_large_pages(stored.sizes(), dtype).copy_(stored);
}

}  // namespace conclave
