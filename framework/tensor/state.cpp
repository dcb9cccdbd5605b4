#include "framework/tensor/state.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <set>

#include "framework/base/error.h"

namespace conclave {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

using NameOf = std::function<std::string(const std::string&)>;

/// Compares names and shapes of a whole module before anything is written.
class Check : public Visitor {
 public:
  Check(const TensorSource& source, const NameOf& name_of) : source_(source), name_of_(name_of) {}
  std::set<std::string> read;
  std::string wrong;

 protected:
  void on_tensor(const std::string& name, Tensor& tensor, TensorKind) override {
    if (!tensor.defined()) return;
    const std::string there = name_of_(name);
    read.insert(there);
    if (!source_.contains(there)) {
      wrong += fmt::format("\n  missing: {} {}", there, shape_text(tensor.sizes()));
    } else if (const auto shape = source_.shape(there); tensor.sizes() != at::IntArrayRef(shape)) {
      wrong += fmt::format("\n  misshapen: {} is {}, expected {}", there, shape_text(shape),
                           shape_text(tensor.sizes()));
    }
  }

 private:
  const TensorSource& source_;
  const NameOf& name_of_;
};

class Fill : public Visitor {
 public:
  Fill(const TensorSource& source, const NameOf& name_of, bool map)
      : source_(source), name_of_(name_of), map_(map) {}

 protected:
  void on_tensor(const std::string& name, Tensor& tensor, TensorKind) override {
    if (!tensor.defined()) return;
    Tensor found = source_.tensor(name_of_(name));
    if (at::isFloatingType(found.scalar_type()) != at::isFloatingType(tensor.scalar_type()))
      throw DataError(source_.origin(), "",
                      fmt::format("{} is {}, expected {}", name_of_(name), c10::toString(found.scalar_type()),
                                  c10::toString(tensor.scalar_type())));
    if (map_ && found.dtype() == tensor.dtype() && found.device() == tensor.device()) {
      tensor = found.set_requires_grad(tensor.requires_grad());
      return;
    }
    at::NoGradGuard no_grad;
    if (tensor.is_meta())  // made under ShapesOnly
      tensor = found.to(at::device(at::kCPU).dtype(tensor.dtype()), /*non_blocking=*/false, /*copy=*/true);
    else
      tensor.copy_(found);
  }

 private:
  const TensorSource& source_;
  const NameOf& name_of_;
  bool map_;
};

}  // namespace

TensorList state_of(Module& module, const std::string& prefix) {
  TensorList list;
  for (auto& t : named_tensors(module)) list.emplace_back(prefix + t.name, t.tensor);
  return list;
}

void save_state(Module& module, const std::filesystem::path& file,
                const std::map<std::string, std::string>& metadata) {
  save_safetensors(file, state_of(module), metadata);
}

std::optional<std::string> first_not_finite(Module& module) {
  at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : state_of(module)) {
    if (!at::isFloatingType(tensor.scalar_type())) continue;
    // A finite sum is the quick proof; of finite values it may overflow.
    if (!at::isfinite(tensor.sum()).item<bool>() && !at::isfinite(tensor).all().item<bool>()) return name;
  }
  return std::nullopt;
}

void load_state(Module& module, const TensorSource& source, const LoadOptions& options) {
  const NameOf name_of = [&](const std::string& name) {
    return options.prefix + (options.name_in_file ? options.name_in_file(name) : name);
  };
  Check check(source, name_of);
  module.visit(check);
  for (const auto& name : source.names()) {
    if (check.read.contains(name) || !name.starts_with(options.prefix)) continue;
    if (options.may_ignore && options.may_ignore(name)) continue;
    check.wrong += fmt::format("\n  surplus: {} {}", name, shape_text(source.shape(name)));
  }
  if (!check.wrong.empty()) throw DataError(source.origin(), "", "does not fit the model:" + check.wrong);
  Fill fill(source, name_of, options.map);
  module.visit(fill);
  if (!options.finite) return;
  if (const auto name = first_not_finite(module))
    throw DataError(source.origin(), "",
                    fmt::format("{} holds values that are no finite numbers", name_of(*name)));
}

}  // namespace conclave
