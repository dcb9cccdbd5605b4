#include "framework/tensor/cpu/dot.h"

#include <vector>

namespace conclave::kernels {

std::span<const DotKernels* const> usable_dot_kernels() {
  static const auto usable = [] {
    std::vector<const DotKernels*> found;
    for (const auto* kernels : {avx512_dot_kernels(), avx2_dot_kernels(), plain_dot_kernels()}) {
      if (kernels) found.push_back(kernels);
    }
    return found;
  }();
  return usable;
}

}  // namespace conclave::kernels
