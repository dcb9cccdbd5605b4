#include "models/checkpoint/adapter_loader.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/lora/attach.h"
#include "models/checkpoint/dora.h"
#include "models/checkpoint/pack.h"

namespace conclave {

std::string shape_text(const Tensor& t) {
  return fmt::format("[{}]", fmt::join(t.sizes(), ", "));
}

AdapterLoader::AdapterLoader(Multimodal& model, const CheckpointFolder& base,
                             const std::filesystem::path& folder)
    : model_(model),
      names_(*base.architecture),
      path_((folder / "adapter_config.json").string()),
      config_(read_json(folder / "adapter_config.json")),
      files_(folder / "adapter_model.safetensors") {
  for (const auto& [name, linear] : find_linears(model, {"*"})) linears_[name] = linear;
  for (const auto& t : named_tensors(*shape_of(base))) known_.insert(t.name);  // packed or not
}

AdapterTensors AdapterLoader::load() {
  ConfigObject c(config_, path_);
  const auto type = c.need<std::string>("peft_type");
  alpha_ = c.need<double>("lora_alpha");
  rslora_ = c.get("use_rslora", false);
  dropout_ = c.get("lora_dropout", 0.0);
  if (type == "LORA" && c.get("lora_nums", 0) > 0) {
    load_loramoe(c);
  } else if (type == "LORA") {
    load_peft(c);
  } else if (type == "MOLE") {
    load_mole();
  } else if (type == "MIXLORA") {
    load_mixlora(c);
  } else {
    throw UsageError(
        fmt::format("{}: peft_type = {} is not supported (supported: LORA, MIXLORA, MOLE)", path_, type));
  }
  std::string lost;
  for (const auto& name : files_.names())
    if (!placed_.contains(name)) lost += fmt::format("\n  {} {}", name, shape_text(files_.tensor(name)));
  if (!lost.empty())
    throw DataError(files_.origin(), "", "these tensors have no place in the base model:" + lost);
  return std::move(placed_);
}

double AdapterLoader::scale_for(int64_t rank) const {
  const auto r = static_cast<double>(rank);
  return alpha_ / (rslora_ ? std::sqrt(r) : r);
}

Tensor AdapterLoader::place(const std::string& name, const Tensor& tensor) {
  placed_[name] = {{tensor}, [tensor] { return tensor.grad(); }, [tensor] { return tensor; }};
  return tensor;
}

void AdapterLoader::check(const std::string& name, bool fine, const std::string& what) const {
  if (!fine) throw DataError(files_.origin(), name, what);
}

void AdapterLoader::place_rows(const std::string& name, const std::vector<Tensor>& parts) {
  placed_[name] = {parts,
                   [parts] {
                     std::vector<Tensor> rows;
                     for (const auto& part : parts)
                       if (part.grad().defined()) rows.push_back(part.grad());
                     return rows.size() == parts.size() ? at::cat(rows) : Tensor();
                   },
                   [parts] { return at::cat(parts); }};
}

void AdapterLoader::put_on_linear(const std::string& stem, const std::string& module, bool dora) {
  std::vector<Linear*> parts;
  for (const auto& ours : names_.ours(module + ".weight", known_).ours) {
    const auto found = linears_.find(ours.substr(0, ours.size() - 7));
    if (found == linears_.end()) return;
    parts.push_back(found->second);
  }
  put_on_parts(stem, parts, dora);
}

void AdapterLoader::put_on_parts(const std::string& stem, const std::vector<Linear*>& parts, bool dora,
                                 const std::string& suffix) {
  int64_t rows = 0, ins = 0;
  for (const Linear* part : parts) {
    const auto [in, out] = features_of(*part);
    ins = in, rows += out;
  }
  const auto a_name = stem + ".lora_A" + suffix, b_name = stem + ".lora_B" + suffix,
             m_name = stem + ".lora_magnitude_vector";
  const Tensor a_RI = place(a_name, take(a_name)), b_OR = take(b_name);
  check(stem,
        a_RI.dim() == 2 && b_OR.dim() == 2 && a_RI.size(1) == ins && b_OR.size(0) == rows &&
            a_RI.size(0) == b_OR.size(1),
        fmt::format("lora_A is {} and lora_B {}, the projection is [{}, {}]", shape_text(a_RI),
                    shape_text(b_OR), rows, ins));
  const Tensor magnitude_O = dora ? take(m_name) : Tensor();
  // Each projection has rows of its own, so that they can be trained.
  std::vector<Tensor> b_parts, magnitude_parts;
  int64_t row = 0;
  for (Linear* linear : parts) {
    const int64_t out = features_of(*linear).second;
    Lora lora;
    lora.a_RI = a_RI;
    lora.b_OR = b_parts.emplace_back(b_OR.narrow(0, row, out).clone());
    lora.scale = scale_for(a_RI.size(0));
    lora.dropout = dropout_;
    if (dora) {
      require<UsageError>(linear->weight.defined(),
                          "{}: DoRA needs the base's weights as numbers, not packed", path_);
      auto adapter = std::make_shared<Dora>();
      adapter->lora = lora;
      adapter->linear = linear;
      adapter->magnitude_O = magnitude_parts.emplace_back(magnitude_O.narrow(0, row, out).clone());
      linear->adapter = adapter;
    } else {
      put_adapter(*linear, std::make_shared<Lora>(lora));
    }
    row += out;
  }
  place_rows(b_name, b_parts);
  if (dora) place_rows(m_name, magnitude_parts);
}

}  // namespace conclave
