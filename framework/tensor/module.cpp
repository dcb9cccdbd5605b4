#include "framework/tensor/module.h"

#include <algorithm>

namespace conclave {
namespace {

template <class F>
class Each : public Visitor {
 public:
  explicit Each(F f) : f_(std::move(f)) {}

 protected:
  void on_tensor(const std::string& name, Tensor& tensor, TensorKind kind) override {
    if (tensor.defined()) f_(name, tensor, kind);
  }

 private:
  F f_;
};

template <class F>
void each_tensor(Module& module, F f) {
  Each<F> visitor(std::move(f));
  module.visit(visitor);
}

}  // namespace

void Visitor::child(std::string_view name, Module& part) {
  const size_t length = prefix_.size();
  prefix_.append(name);
  on_module(prefix_, part);
  prefix_.append(".");
  part.visit(*this);
  prefix_.resize(length);
}

std::vector<NamedTensor> named_tensors(Module& module) {
  std::vector<NamedTensor> found;
  each_tensor(module, [&](const std::string& name, Tensor& t, TensorKind kind) {
    found.push_back({name, t, kind});
  });
  return found;
}

std::vector<NamedTensor> named_parameters(Module& module) {
  auto found = named_tensors(module);
  std::erase_if(found, [](const NamedTensor& t) { return t.kind != TensorKind::parameter; });
  return found;
}

int64_t count_parameters(Module& module) {
  int64_t count = 0;
  for (const auto& p : named_parameters(module)) count += p.tensor.numel();
  return count;
}

void set_trainable(Module& module, bool on, std::string_view part) {
  each_tensor(module, [&](const std::string& name, Tensor& t, TensorKind kind) {
    if (kind == TensorKind::parameter && name.find(part) != std::string::npos) t.set_requires_grad(on);
  });
}

void to_device(Module& module, at::Device device) {
  each_tensor(module, [&](const std::string&, Tensor& t, TensorKind) {
    const bool grad = t.requires_grad();
    t = t.detach().to(device).set_requires_grad(grad);
  });
}

void to_dtype(Module& module, at::ScalarType dtype, const std::vector<std::string>& keep) {
  each_tensor(module, [&](const std::string& name, Tensor& t, TensorKind) {
    const bool kept = std::any_of(keep.begin(), keep.end(),
                                  [&](const std::string& k) { return name.find(k) != std::string::npos; });
    if (!t.is_floating_point() || kept) return;
    const bool grad = t.requires_grad();
    t = t.detach().to(dtype).set_requires_grad(grad);
  });
}

}  // namespace conclave
