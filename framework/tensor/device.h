/// Choosing where and in which precision to compute, from the options every program takes.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>

namespace conclave {

/// "cpu", "cuda", "cuda:1" or "auto" (a GPU when this build and machine have one). Throws UsageError.
at::Device parse_device(const std::string& name);

/// "float32" or "bfloat16". Throws UsageError.
at::ScalarType parse_dtype(const std::string& name);
const char* dtype_name(at::ScalarType dtype);

/// Threads for tensor operations; 0 leaves the default (one per core this process may use).
void set_threads(int threads);

}  // namespace conclave
