#include "models/checkpoint/merge.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/lora/attach.h"
#include "framework/moe/experts/ffn.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/name_map.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ByName = std::map<std::string, Tensor>;

// A tensor of the files that the adapter changes.
struct Changed {
  PublishedName from;
  bool transposed = false;  // fused experts lie as [E,out,in] or [E,in,out]
};

ByName tensors_by_name(Multimodal& model) {
  ByName tensors;
  for (const auto& t : named_tensors(model)) tensors[t.name] = t.tensor;
  return tensors;
}

// The weights that merging will change.
std::set<std::string> adapted_weights(Multimodal& model, const ByName& tensors) {
  std::set<std::string> names;
  for (const auto& [name, linear] : find_linears(model, {"*"}))
    if (linear->adapter) names.insert(name + ".weight");
  for (const auto& block : model.text->model->layers) {
    auto* bank = block->moe ? dynamic_cast<FfnExperts*>(block->moe->experts.get()) : nullptr;
    if (!bank || !bank->lora1) continue;
    for (const auto& [name, tensor] : tensors)
      if (tensor.is_same(bank->w1_EFD) || tensor.is_same(bank->w2_EDF) || tensor.is_same(bank->w3_EFD))
        names.insert(name);
  }
  return names;
}

// What the files would hold under a published name: one expert, or rows of several of ours.
Tensor assembled(const Changed& change, const ByName& tensors) {
  std::vector<Tensor> parts;
  for (const auto& ours : change.from.ours) {
    const Tensor& whole = tensors.at(ours);
    parts.push_back(change.from.expert < 0 ? whole : whole[change.from.expert]);
  }
  const Tensor rows = parts.size() == 1 ? parts[0] : at::cat(parts, parts[0].dim() - 2);
  return change.transposed ? rows.transpose(-2, -1).contiguous() : rows;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && at::equal(a, b);
}

// Throws DataError unless the base's own weights are found again in the files.
std::map<std::string, Changed> find_changes(const CheckpointFolder& base, const ByName& tensors,
                                            std::set<std::string> adapted) {
  const NameMap names(*base.architecture);
  std::set<std::string> known;
  for (const auto& [name, tensor] : tensors) known.insert(name);
  std::map<std::string, Changed> changes;
  std::set<std::string> found;
  for (const auto& name : base.files->names()) {
    Changed change{names.ours(name, known)};
    if (std::ranges::none_of(change.from.ours, [&](const auto& ours) { return adapted.contains(ours); }))
      continue;
    const Tensor file = base.files->tensor(name);
    change.transposed = !same(file, assembled(change, tensors));
    if (change.transposed && !same(file, assembled(change, tensors)))
      throw DataError(
          base.files->origin(), name,
          "is stored in a form that merged weights cannot be written in; convert the base to float32, "
          "float16 or bfloat16 first");
    found.insert(change.from.ours.begin(), change.from.ours.end());
    changes.emplace(name, std::move(change));
  }
  for (const auto& name : adapted)
    if (!found.contains(name))
      throw DataError(base.files->origin(), name, "has no tensor of its own in the files");
  return changes;
}

}  // namespace

Converted merge_adapter(const fs::path& adapter, const fs::path& to) {
  require<UsageError>(is_adapter(adapter), "{} holds no adapter (adapter_config.json)", adapter.string());
  const Json config = read_json(adapter / "adapter_config.json");
  require<UsageError>(
      !config.is_object() || (config.value("peft_type", "") == "LORA" && config.value("lora_nums", 0) == 0),
      "{}: what experts behind a router change depends on the token and cannot be merged", adapter.string());
  require_no_weights(to);
  const auto base = open_checkpoint(base_of_adapter(adapter));
  const auto model = load_checkpoint(base);
  load_adapter(*model, base, adapter);
  const ByName before = tensors_by_name(*model);
  const auto changes = find_changes(base, before, adapted_weights(*model, before));
  merge_adapters(*model);
  const ByName after = tensors_by_name(*model);
  TensorList tensors;
  for (const auto& name : base.files->names()) {
    const auto change = changes.find(name);
    tensors.emplace_back(
        name, change == changes.end() ? base.files->tensor(name) : assembled(change->second, after));
  }
  return write_checkpoint(to, base.path, tensors);
}

}  // namespace conclave
