#include "models/audio/conv1d.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/tensor/fresh.h"

namespace conclave {
namespace {

Tensor padded(const Tensor& x_BCL, int64_t left, int64_t right, const std::string& how) {
  if (how == "constant") return at::constant_pad_nd(x_BCL, {left, right});
  if (how == "replicate") return at::replication_pad1d(x_BCL, {left, right});
  // What is too short to be reflected is lengthened by zeros, which are cut off again.
  const int64_t missing = std::max<int64_t>(std::max(left, right) - x_BCL.size(2) + 1, 0);
  const Tensor y = at::reflection_pad1d(at::constant_pad_nd(x_BCL, {0, missing}), {left, right});
  return y.narrow(2, 0, y.size(2) - missing);
}

}  // namespace

Conv1d::Conv1d(int64_t in, int64_t out, int64_t kernel, const Options& options)
    : options(options), kernel(kernel) {
  const auto& o = options;
  const std::vector<int64_t> shape = o.transposed ? std::vector<int64_t>{in, out / o.groups, kernel}
                                                  : std::vector<int64_t>{out, in / o.groups, kernel};
  Tensor fresh = fresh_normal(shape, 1 / std::sqrt(static_cast<double>(in / o.groups * kernel)));
  if (o.weight_norm) {
    weight_v = fresh;
    weight_g = at::ones({shape[0], 1, 1});
  } else {
    weight = fresh;
  }
  if (o.bias) bias = at::zeros({out});
}

Tensor Conv1d::forward(const Tensor& x_BCL) const {
  const Tensor w = options.weight_norm ? weight_v * (weight_g / at::norm_except_dim(weight_v, 2, 0)) : weight;
  if (options.transposed)
    return at::conv_transpose1d(x_BCL, w, bias, options.stride, options.padding, /*output_padding=*/0,
                                options.groups, options.dilation);
  return at::conv1d(x_BCL, w, bias, options.stride, options.padding, options.dilation, options.groups);
}

void Conv1d::visit(Visitor& v) {
  v("weight", weight);
  v("weight_g", weight_g);
  v("weight_v", weight_v);
  v("bias", bias);
}

Tensor FramedConv::forward(const Tensor& x_BCL) const {
  const int64_t stride = conv.options.stride,
                overlap = (conv.kernel - 1) * conv.options.dilation + 1 - stride;
  if (conv.options.transposed) {
    const Tensor y = conv.forward(x_BCL);
    const auto right = ends.causal
                           ? static_cast<int64_t>(std::ceil(static_cast<double>(overlap) * ends.trim_right))
                           : overlap / 2;
    return y.narrow(2, overlap - right, y.size(2) - overlap);
  }
  const int64_t started = (x_BCL.size(2) + stride - 1) / stride;  // the last frame is filled up
  const int64_t extra = started * stride - x_BCL.size(2);
  const int64_t right = ends.causal ? 0 : overlap / 2;
  return conv.forward(padded(x_BCL, overlap - right, right + extra, ends.pad));
}

}  // namespace conclave
