#include "framework/train/random_state.h"

#include <ATen/ATen.h>

#include <mutex>

#include "framework/base/error.h"

namespace conclave {
namespace {

std::vector<std::pair<std::string, at::Generator>> generators() {
  std::vector<std::pair<std::string, at::Generator>> all;
  all.emplace_back("cpu", at::globalContext().defaultGenerator(at::kCPU));
  if (at::hasCUDA())
    for (size_t i = 0; i < at::getNumGPUs(); ++i)
      all.emplace_back("cuda." + std::to_string(i), at::globalContext().defaultGenerator(at::Device(
                                                        at::kCUDA, static_cast<at::DeviceIndex>(i))));
  return all;
}

void set(at::Generator& generator, const Tensor& state) {
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
}

}  // namespace

TensorList random_state() {
  TensorList states;
  for (auto& [name, generator] : generators()) {
    const std::lock_guard<std::mutex> lock(generator.mutex());
    states.emplace_back(name, generator.get_state());
  }
  return states;
}

void set_random_state(const TensorSource& state) {
  for (auto& [name, generator] : generators()) {
    if (!state.contains(name)) continue;  // made on a machine with fewer devices
    const Tensor bytes = state.tensor(name).clone();
    const auto expected = generator.get_state().numel();
    if (bytes.scalar_type() != at::kByte || bytes.dim() != 1 || bytes.numel() != expected)
      throw DataError(state.origin(), name, fmt::format("is no state of {} bytes", expected));
    set(generator, bytes);
  }
}

RandomStateScope::RandomStateScope() : state_(random_state()) {}

RandomStateScope::~RandomStateScope() {
  for (auto& [name, generator] : generators())
    for (const auto& [saved, state] : state_)
      if (saved == name) set(generator, state);
}

}  // namespace conclave
