#include "models/checkpoint/verify_gradients.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace conclave {
namespace {

using TensorsByName = std::map<std::string, Tensor>;

// Where a published parameter is: tensors of ours, row below row, or one expert of a bank; or an adapter's.
AdapterTensor place_of(std::string theirs, const TensorsByName& tensors, const std::set<std::string>& known,
                       const NameMap& names, const AdapterTensors& adapters) {
  if (theirs.ends_with("magnitude_vector.weight")) theirs.resize(theirs.size() - 7);
  if (const auto adapter = adapters.find(theirs); adapter != adapters.end()) return adapter->second;
  const PublishedName ours = names.ours(theirs, known);
  std::vector<Tensor> leaves;
  for (const auto& part : ours.ours)
    if (const auto found = tensors.find(part); found != tensors.end()) leaves.push_back(found->second);
  return {leaves, [leaves, expert = ours.expert] {
            std::vector<Tensor> rows;
            for (const auto& leaf : leaves)
              if (leaf.grad().defined()) rows.push_back(expert >= 0 ? leaf.grad()[expert] : leaf.grad());
            return rows.empty() ? Tensor() : at::cat(rows, rows[0].dim() == 3 ? 1 : 0);
          }};
}

}  // namespace

void check_gradients(Comparison& with, const std::string& prefix, Module& model, const NameMap& names,
                     AdapterTensors& adapters, const std::function<Tensor()>& objective) {
  const auto recorded = with.open_with(prefix + "grad.");
  if (recorded.empty() || !with.exact()) return;
  TensorsByName tensors;
  std::set<std::string> known;
  for (auto& t : named_tensors(model)) {
    tensors[t.name] = t.tensor;
    known.insert(t.name);
  }
  std::map<std::string, AdapterTensor> places;
  for (const auto& name : recorded)
    places[name] = place_of(name.substr(prefix.size() + 5), tensors, known, names, adapters);
  for (auto& [name, place] : places)
    for (auto& leaf : place.leaves) leaf.set_requires_grad(true);
  const at::AutoGradMode with_gradients(true);
  objective().backward();
  for (auto& [name, place] : places) {
    const Tensor own = place.gradient();
    if (!own.defined()) continue;
    const Tensor theirs = with.take(name);
    const double scale = std::max(theirs.abs().max().item<double>(), 1e-20);
    with.note(name, "gradients", largest_difference(own.reshape(theirs.sizes()), theirs) / scale,
              with.bounds().gradients);
  }
  for (auto& [name, adapter] : adapters)
    for (size_t i = 0; i < adapter.leaves.size(); ++i) tensors[name + std::to_string(i)] = adapter.leaves[i];
  for (auto& [name, tensor] : tensors) {
    tensor.mutable_grad() = Tensor();
    tensor.set_requires_grad(false);
  }
}

}  // namespace conclave
