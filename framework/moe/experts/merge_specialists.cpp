#include "framework/moe/experts/merge_specialists.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <fmt/ranges.h>

#include <array>
#include <string>
#include <unordered_map>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kNoise = 0.1;  // of a copy, in units of each weight's own deviation

struct Name {
  const char *bank, *dense;
};
constexpr std::array kNames{Name{".experts.w1", ".gate_proj.weight"}, Name{".experts.w3", ".up_proj.weight"},
                            Name{".experts.w2", ".down_proj.weight"}};

using Tensors = std::unordered_map<std::string, Tensor>;

const Tensor& of(const Tensors& tensors, const std::string& name, at::IntArrayRef shape) {
  const auto found = tensors.find(name);
  require<UsageError>(found != tensors.end(), "a specialist has no {}", name);
  require<UsageError>(found->second.sizes() == shape, "{} of a specialist is {}, needed is {}", name,
                      fmt::join(found->second.sizes(), " x "), fmt::join(shape, " x "));
  return found->second;
}

}  // namespace

void merge_specialists(Module& routed, std::span<Module* const> specialists, uint64_t seed) {
  const at::NoGradGuard no_grad;
  require<UsageError>(!specialists.empty(), "there is no specialist");
  std::vector<Tensors> known;
  for (Module* specialist : specialists) {
    auto& tensors = known.emplace_back();
    for (const auto& t : named_tensors(*specialist)) tensors.emplace(t.name, t.tensor);
  }
  const at::Generator generator = at::detail::createCPUGenerator(seed);
  for (auto& [name, tensor, kind] : named_tensors(routed)) {
    if (name.find(".router.") != std::string::npos || name.find(".shared.") != std::string::npos) continue;
    const Name* bank = nullptr;
    for (const Name& n : kNames)
      if (name.ends_with(n.bank)) bank = &n;
    if (!bank) {
      Tensor sum = at::zeros(tensor.sizes(), at::kDouble);
      for (const auto& tensors : known) sum += of(tensors, name, tensor.sizes());
      tensor.copy_(sum / static_cast<double>(known.size()));
      continue;
    }
    const std::string dense = name.substr(0, name.size() - std::string(bank->bank).size()) + bank->dense;
    for (int64_t e = 0; e < tensor.size(0); ++e) {
      const Tensor weight =
          of(known[static_cast<size_t>(e) % known.size()], dense, tensor.sizes().slice(1)).to(at::kFloat);
      const bool copy = e >= std::ssize(known);
      tensor[e].copy_(copy ? weight +
                                 kNoise * weight.std(false) * at::randn(weight.sizes(), generator, at::kFloat)
                           : weight);
    }
  }
}

}  // namespace conclave
