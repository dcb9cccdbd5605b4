#include "framework/tensor/device.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "framework/base/error.h"

namespace conclave {

at::Device parse_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name == "auto") return at::hasCUDA() ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
  const bool indexed = name.starts_with("cuda:") && name.size() > 5 && name.size() < 8 &&
                       name.find_first_not_of("0123456789", 5) == std::string::npos;
  require<UsageError>(name == "cuda" || indexed, "--device {}: give cpu, cuda, cuda:N or auto", name);
  require<UsageError>(at::hasCUDA(),
                      "--device {}: this build or machine has no CUDA device; use --device cpu", name);
  return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(indexed ? std::stoi(name.substr(5)) : 0));
}

at::ScalarType parse_dtype(const std::string& name) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  throw UsageError(fmt::format("--dtype {}: give float32 or bfloat16", name));
}

const char* dtype_name(at::ScalarType dtype) {
  if (dtype == at::kFloat) return "float32";
  if (dtype == at::kBFloat16) return "bfloat16";
  return c10::toString(dtype);
}

void set_threads(int threads) {
  require<UsageError>(threads >= 0 && threads <= 4096, "--threads {}: give 0 (all) to 4096", threads);
  if (threads > 0) at::set_num_threads(threads);
}

}  // namespace conclave
