#include "framework/nn/conv2d.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/error.h"

namespace conclave {

Conv2d::Conv2d(int64_t in, int64_t out, int64_t kernel, Options options)
    : stride(options.stride), padding(options.padding), groups(options.groups) {
  require<UsageError>(groups > 0 && in % groups == 0 && out % groups == 0,
                      "[conv2d] {} groups do not divide {} and {} channels", groups, in, out);
  const auto fan_in = static_cast<double>(in / groups * kernel * kernel);
  const double std = options.std > 0 ? options.std : std::sqrt(2.0 / fan_in);
  weight = at::empty({out, in / groups, kernel, kernel}).normal_(0, std);
  if (options.bias) bias = at::zeros({out});
}

Tensor Conv2d::forward(const Tensor& x_NCHW) const {
  return at::conv2d(x_NCHW, weight, bias, stride, padding, /*dilation=*/1, groups);
}

void Conv2d::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

}  // namespace conclave
