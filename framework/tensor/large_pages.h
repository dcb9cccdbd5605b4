/// Memory for weights that are read from end to end again and again.
#pragma once

#include <ATen/core/Tensor.h>

namespace conclave {

/// An uninitialised tensor on the host, in pages of 2 MB where it is large and the system gives them on
/// request: a model that reads its weights for each token then spends less on finding them.
at::Tensor empty_in_large_pages(at::IntArrayRef shape, at::ScalarType dtype);

/// `stored` in another dtype, in such memory; the tensor itself when it has the dtype.
at::Tensor to_dtype_in_large_pages(const at::Tensor& stored, at::ScalarType dtype);

}  // namespace conclave
