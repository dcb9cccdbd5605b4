#include "framework/tensor/fresh.h"

#include <ATen/ATen.h>

namespace conclave {
namespace {

thread_local bool shapes_only = false;

Tensor empty_weight(at::IntArrayRef sizes) {
  return at::empty(sizes, at::dtype(at::kFloat).device(shapes_only ? at::kMeta : at::kCPU));
}

}  // namespace

ShapesOnly::ShapesOnly() : before_(shapes_only) {
  shapes_only = true;
}

ShapesOnly::~ShapesOnly() {
  shapes_only = before_;
}

bool ShapesOnly::active() {
  return shapes_only;
}

Tensor fresh_normal(at::IntArrayRef sizes, double std) {
  Tensor weight = empty_weight(sizes);
  return shapes_only ? weight : weight.normal_(0, std);
}

Tensor fresh_truncated_normal(at::IntArrayRef sizes, double std) {
  Tensor weight = fresh_normal(sizes, std);
  return shapes_only ? weight : weight.clamp_(-3 * std, 3 * std);
}

}  // namespace conclave
