/// What every trainable part is: something that lists its tensors. Saving, loading, moving, freezing and
/// sharding are visitors, so a part never writes them itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conclave {

using at::Tensor;
template <class T>
using Ptr = std::shared_ptr<T>;

class Visitor;

/// Base of every part that owns tensors.
struct Module {
  virtual ~Module() = default;
  /// Calls `v(name, tensor)` for each tensor of its own and `v.child(name, part)` for each part.
  virtual void visit(Visitor& v) = 0;
};

/// Parameters are trained; buffers are saved and moved but have no gradient.
enum class TensorKind { parameter, buffer };

/// Walks a tree of modules; names are joined with dots, as published checkpoints have them.
class Visitor {
 public:
  virtual ~Visitor() = default;

  void operator()(std::string_view name, Tensor& tensor, TensorKind kind = TensorKind::parameter) {
    on_tensor(prefix_ + std::string(name), tensor, kind);
  }
  void child(std::string_view name, Module& part);
  /// An absent (null) part has no tensors.
  template <class M>
  void child(std::string_view name, const Ptr<M>& part) {
    if (part) child(name, static_cast<Module&>(*part));
  }
  /// A list of parts: `name.0`, `name.1`, ...
  template <class M>
  void children(std::string_view name, const std::vector<Ptr<M>>& parts) {
    for (size_t i = 0; i < parts.size(); ++i) child(std::string(name) + "." + std::to_string(i), parts[i]);
  }

 protected:
  /// `tensor` may be replaced (moved to a device, loaded); an undefined tensor is an absent optional one.
  virtual void on_tensor(const std::string& name, Tensor& tensor, TensorKind kind) = 0;
  /// Each part below the root, before its own tensors.
  virtual void on_module(const std::string& name, Module& part) {}

 private:
  std::string prefix_;
};

/// One tensor of a module: its dotted name and the tensor itself (shares storage).
struct NamedTensor {
  std::string name;
  Tensor tensor;
  TensorKind kind = TensorKind::parameter;
};

/// All defined tensors in visiting order.
std::vector<NamedTensor> named_tensors(Module& module);
/// The defined parameters in visiting order.
std::vector<NamedTensor> named_parameters(Module& module);
/// Elements of all parameters.
int64_t count_parameters(Module& module);
/// Turns gradients on or off for parameters whose name contains `part` (all when empty).
void set_trainable(Module& module, bool on, std::string_view part = {});
/// Moves parameters and buffers; floating-point tensors also change to `dtype` when it is given.
void to_device(Module& module, at::Device device);
/// Changes the floating-point tensors to `dtype`, except those whose name contains one of `keep`.
void to_dtype(Module& module, at::ScalarType dtype, const std::vector<std::string>& keep = {});

}  // namespace conclave
