/// Weights of a module that was just made: random, or without values when a file will bring them.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave {

using at::Tensor;

/// While one lives, modules made by this thread have large weights of the right shape but without memory
/// (device "meta"): loading then takes no more than the file's own size. Such a module cannot run before it
/// is loaded.
class ShapesOnly {
 public:
  ShapesOnly();
  ~ShapesOnly();
  ShapesOnly(const ShapesOnly&) = delete;
  ShapesOnly& operator=(const ShapesOnly&) = delete;
  static bool active();

 private:
  bool before_;
};

/// Float32 from a normal of standard deviation `std`; without values under ShapesOnly.
Tensor fresh_normal(at::IntArrayRef sizes, double std);
/// The same, cut at three standard deviations.
Tensor fresh_truncated_normal(at::IntArrayRef sizes, double std);

}  // namespace conclave
