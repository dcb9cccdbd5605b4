// MeteoRA: a gate for each projection, which mixes several LoRA adapters (arXiv
// 2405.13053).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/lora/attach.h"
#include "framework/lora/expert_adapter.h"
#include "framework/moe/experts/lora_experts.h"
#include "models/checkpoint/adapter_loader.h"

namespace conclave {

namespace fs = std::filesystem;

bool has_meteora(const fs::path& folder) {
  return fs::exists(folder / "adapter_model.safetensors") && fs::exists(folder / "adapter_config.lora0.json");
}

AdapterTensors load_meteora(Multimodal& model, const fs::path& folder, int64_t slots) {
  const at::NoGradGuard no_grad;
  const Safetensors files(folder / "adapter_model.safetensors");
  // Each task's adapter has a scale of its own; all share one rank.
  std::vector<double> scales;
  for (size_t i = 0; fs::exists(folder / fmt::format("adapter_config.lora{}.json", i)); ++i) {
    const auto file = folder / fmt::format("adapter_config.lora{}.json", i);
    const Json json = read_json(file);
    ConfigObject c(json, file.string());
    const auto rank = c.need_integer("r");
    const double alpha = c.need<double>("lora_alpha");
    scales.push_back(alpha / (c.get("use_rslora", false) ? std::sqrt(static_cast<double>(rank))
                                                         : static_cast<double>(rank)));
  }
  const auto count = static_cast<int64_t>(scales.size());
  const Tensor scale_E11 = at::tensor(scales, at::kFloat).view({count, 1, 1});
  AdapterTensors placed;
  std::set<std::string> read;
  int site = 0;
  for (const auto& [name, linear] : find_linears(model, {"*"})) {
    const auto stem = "base_model.model." + name;
    if (!files.contains(stem + ".moe_gate.weight")) continue;
    const Tensor gate = files.tensor(stem + ".moe_gate.weight"), a = files.tensor(stem + ".lora_A.weight"),
                 b = files.tensor(stem + ".lora_B.weight");
    const int64_t in = linear->in_features(), out = linear->out_features();
    const int64_t rank = a.size(0) / count;
    if (gate.sizes() != at::IntArrayRef{count, in} || a.sizes() != at::IntArrayRef{count * rank, in} ||
        b.sizes() != at::IntArrayRef{out, count * rank})
      throw DataError(files.origin(), name,
                      fmt::format("gate {}, lora_A {} and lora_B {} do not fit "
                                  "{} adapters of a projection [{}, {}]",
                                  shape_text(gate), shape_text(a), shape_text(b), count, out, in));
    const auto adapter = make_expert_adapter(
        {{"experts", {{"kind", "lora"}, {"count", count}, {"rank", rank}, {"alpha", rank}}},
         {"router",
          {{"score", "linear"},
           {"select", {{"kind", "top_k"}, {"k", slots}}},
           {"weigh", "softmax_selected"}}}},
        in, out, site++);
    auto& pairs = dynamic_cast<LoraExperts&>(*adapter->layer->experts).pairs;
    pairs.a_ERI.copy_(a.view({count, rank, in}));
    pairs.b_EOR.copy_(b.view({out, count, rank}).permute({1, 0, 2}) * scale_E11);
    for (auto& t : named_tensors(*adapter->layer->router)) {
      t.tensor.copy_(gate);
      placed[stem + ".moe_gate.weight"] = {{t.tensor}, [tensor = t.tensor] { return tensor.grad(); }};
    }
    for (const char* part : {".moe_gate.weight", ".lora_A.weight", ".lora_B.weight"})
      read.insert(stem + part);
    linear->adapter = adapter;
  }
  std::string lost;
  for (const auto& name : files.names())
    if (!read.contains(name)) lost += fmt::format("\n  {} {}", name, shape_text(files.tensor(name)));
  if (!lost.empty())
    throw DataError(files.origin(), "", "these tensors have no place in the base model:" + lost);
  return placed;
}

}  // namespace conclave
