#include "framework/lora/attach.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fnmatch.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/lora/expert_adapter.h"
#include "framework/moe/experts/ffn.h"

namespace conclave {
namespace {

bool fits(const std::string& name, const std::string& pattern) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0 ||
         fnmatch(("*." + pattern).c_str(), name.c_str(), 0) == 0;
}

bool fits_any(const std::string& name, const Patterns& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return fits(name, p); });
}

// Every part of type M outside adapters.
template <class M>
class Finder : public Visitor {
 public:
  std::vector<std::pair<std::string, M*>> found;

 protected:
  void on_tensor(const std::string&, Tensor&, TensorKind) override {}
  void on_module(const std::string& name, Module& part) override {
    if (name.find(".adapter.") != std::string::npos) return;
    if (auto* match = dynamic_cast<M*>(&part)) found.emplace_back(name, match);
  }
};

template <class M>
std::vector<std::pair<std::string, M*>> find(Module& root, const Patterns& patterns) {
  Finder<M> finder;
  root.visit(finder);
  std::erase_if(finder.found, [&](const auto& entry) { return !fits_any(entry.first, patterns); });
  return finder.found;
}

void check_places(const std::vector<std::string>& names, const std::vector<FoundLinear>& linears,
                  const Patterns& patterns) {
  for (const auto& pattern : patterns) {
    require<UsageError>(
        std::any_of(names.begin(), names.end(), [&](const auto& n) { return fits(n, pattern); }),
        "[adapters] no projection fits \"{}\"", pattern);
  }
  for (const auto& [name, linear] : linears)
    require(!linear->adapter, "[adapters] {} has an adapter already", name);
}

void put(Linear& linear, const Ptr<Adapter>& adapter) {
  to_device(*adapter, linear.weight.device());
  linear.adapter = adapter;
}

}  // namespace

std::vector<FoundLinear> find_linears(Module& root, const Patterns& patterns) {
  std::vector<FoundLinear> found;
  for (const auto& [name, linear] : find<Linear>(root, patterns)) found.push_back({name, linear});
  return found;
}

std::vector<std::string> attach_lora(Module& root, const Patterns& patterns, const LoraOptions& options) {
  const auto linears = find_linears(root, patterns);
  const auto banks = find<FfnExperts>(root, patterns);
  std::vector<std::string> names;
  for (const auto& [name, linear] : linears) names.push_back(name);
  for (const auto& [name, bank] : banks) {
    require(!bank->lora1, "[adapters] {} has adapters already", name);
    names.push_back(name);
  }
  check_places(names, linears, patterns);
  for (const auto& [name, linear] : linears) {
    put(*linear, std::make_shared<Lora>(linear->in_features(), linear->out_features(), options));
  }
  for (const auto& [name, bank] : banks) bank->attach_lora(options);
  return names;
}

std::vector<std::string> attach_expert_adapters(Module& root, const Patterns& patterns, const Json& config,
                                                Site first_site) {
  const auto linears = find_linears(root, patterns);
  std::vector<std::string> names;
  for (const auto& [name, linear] : linears) names.push_back(name);
  check_places(names, linears, patterns);
  std::vector<Ptr<Adapter>>
      adapters;  // all built before the first is put: a bad configuration changes nothing
  for (const auto& [name, linear] : linears) {
    adapters.push_back(
        make_expert_adapter(config, linear->in_features(), linear->out_features(), first_site++));
  }
  for (size_t i = 0; i < linears.size(); ++i) put(*linears[i].linear, adapters[i]);
  return names;
}

void detach_adapters(Module& root, const Patterns& patterns) {
  for (const auto& [name, linear] : find_linears(root, patterns)) linear->adapter = nullptr;
  for (const auto& [name, bank] : find<FfnExperts>(root, patterns))
    bank->lora1 = bank->lora3 = bank->lora2 = nullptr;
}

std::vector<MergedLora> merge_lora(Module& root) {
  const at::NoGradGuard no_grad;
  std::vector<MergedLora> merged;
  for (const auto& [name, linear] : find_linears(root, {"*"})) {
    const auto lora = std::dynamic_pointer_cast<Lora>(linear->adapter);
    if (!lora) continue;
    linear->weight.add_(lora->product().to(linear->weight.scalar_type()));
    linear->adapter = nullptr;
    merged.push_back({linear, lora});
  }
  return merged;
}

void unmerge_lora(const std::vector<MergedLora>& merged) {
  const at::NoGradGuard no_grad;
  for (const auto& [linear, lora] : merged) {
    linear->weight.sub_(lora->product().to(linear->weight.scalar_type()));
    linear->adapter = lora;
  }
}

}  // namespace conclave
