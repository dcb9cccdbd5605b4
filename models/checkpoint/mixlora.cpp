// MixLoRA: LoRA experts over each layer's feed-forward part (arXiv 2404.15159).
#include <ATen/ATen.h>

#include "framework/moe/experts/lora_ffn.h"
#include "models/checkpoint/adapter_loader.h"

namespace conclave {

void AdapterLoader::load_mixlora(ConfigObject& c) {
  const auto strategy = c.get<std::string>("routing_strategy", "mixlora");
  require<UsageError>(strategy == "mixlora",
                      "{}: routing_strategy = {} is not supported (supported: mixlora)", path_, strategy);
  require<UsageError>(!c.get("use_dora", false), "{}: use_dora is not supported with MIXLORA", path_);
  const auto experts = c.need_integer("num_experts"), slots = c.need_integer("top_k");
  LoraOptions options;
  options.rank = c.need_integer("r");
  options.alpha = alpha_;
  options.rslora = rslora_;
  options.dropout = dropout_;
  for (size_t i = 0; i < model_.text->model->layers.size(); ++i) {
    const auto layer = fmt::format("mixlora.layers.{}.", i);
    auto& block = *model_.text->model->layers[i];
    for (const char* projection : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      const auto stem = layer + "self_attn." + projection;
      if (files_.contains(stem + ".lora_A.weight"))
        put_on_linear(stem, fmt::format("model.layers.{}.self_attn.{}", i, projection), false);
    }
    const auto gate = layer + "mlp.moe_gate.weight";
    if (!files_.contains(gate)) continue;
    auto base = std::dynamic_pointer_cast<GatedFfn>(block.ffn);
    check(gate, base != nullptr, "the base layer has no gated feed-forward part");
    require<UsageError>(base->up_proj.weight.defined(),
                        "{}: MixLoRA needs the base's weights as numbers, not packed", path_);
    const auto has = [&](const char* p) {
      return files_.contains(layer + "mlp." + p + ".experts.0.lora_A.weight");
    };
    const LoraTargets targets{has("gate_proj"), has("up_proj"), has("down_proj")};
    if (const auto act = c.get<std::string>("act_fn", ""); !act.empty())
      base->activation = parse_activation(act, path_ + ".act_fn");
    auto bank = std::make_shared<LoraFfnExperts>(base, experts, options, targets);
    fill_bank(bank->gate, layer + "mlp.gate_proj.experts.");
    fill_bank(bank->up, layer + "mlp.up_proj.experts.");
    fill_bank(bank->down, layer + "mlp.down_proj.experts.");
    auto moe = std::make_shared<Layer>();
    moe->site = static_cast<int>(i);
    moe->experts = bank;
    moe->router = make_router(
        {{"score", "linear"}, {"select", {{"kind", "top_k"}, {"k", slots}}}, {"weigh", "softmax_selected"}},
        {.width = model_.text->model->width, .experts = experts});
    for (auto& t : named_tensors(*moe->router)) fill_tensor(gate, t.tensor);
    block.moe = moe;
    block.ffn = nullptr;
  }
}

void AdapterLoader::fill_tensor(const std::string& name, Tensor tensor) {
  place(name, tensor);
  const Tensor stored = files_.tensor(name);
  check(name, stored.sizes() == tensor.sizes(), "is " + shape_text(stored));
  tensor.copy_(stored);
}

void AdapterLoader::fill_bank(const Ptr<LowRankBank>& pairs, const std::string& stem,
                              const std::string& suffix) {
  if (!pairs) return;
  for (int64_t e = 0; e < pairs->count(); ++e) {
    for (const auto& [part, whole] : {std::pair(".lora_A", pairs->a_ERI), {".lora_B", pairs->b_EOR}}) {
      const auto name = stem + std::to_string(e) + part + suffix;
      const Tensor stored = files_.tensor(name);
      check(name, stored.sizes() == whole[e].sizes(), "is " + shape_text(stored));
      whole[e].copy_(stored);
      placed_[name] = {{whole},
                       [whole = whole, e] { return whole.grad().defined() ? whole.grad()[e] : Tensor(); },
                       [whole = whole, e] { return whole[e]; }};
    }
  }
}

}  // namespace conclave
