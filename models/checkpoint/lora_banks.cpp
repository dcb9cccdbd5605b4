// Banks of LoRA experts as they were published: LLaVA-MoLE's over each feed-forward part (arXiv 2401.16160),
// and LoRAMoE's on single projections (arXiv 2312.09979).
#include <ATen/ATen.h>

#include "framework/lora/expert_adapter.h"
#include "framework/moe/experts/lora_experts.h"
#include "framework/moe/experts/lora_ffn.h"
#include "models/checkpoint/adapter_loader.h"
#include "models/checkpoint/pack.h"

namespace conclave {

// Named as in the checkpoints of LLaVA-MoLE, which hold base and experts in one file; mole_args.json, the
// settings of its run, lies beside them there, too.
void AdapterLoader::load_mole() {
  const auto file = std::filesystem::path(path_).parent_path() / "mole_args.json";
  const Json json = read_json(file);
  ConfigObject args(json, file.string());
  const auto experts = args.need_integer("llm_moe_num_experts");
  const bool dense = args.get("dense_moe", false);
  LoraOptions options;
  options.rank = args.need_integer("lora_rank");
  options.alpha = alpha_ = args.need<double>("lora_alpha");
  options.dropout = dropout_;
  for (size_t i = 0; i < model_.text->model->layers.size(); ++i) {
    auto& block = *model_.text->model->layers[i];
    const auto layer = fmt::format("llm_model.base_model.model.model.layers.{}.", i);
    for (const char* projection : {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      const auto stem = layer + "self_attn." + projection;
      const auto found = linears_.find(fmt::format("model.layers.{}.self_attn.{}", i, projection));
      if (files_.contains(stem + ".lora_A.default.weight") && found != linears_.end())
        put_on_parts(stem, {found->second}, false, ".default.weight");
    }
    if (!files_.contains(layer + "mlp.router.weight")) continue;
    auto base = std::dynamic_pointer_cast<GatedFfn>(block.ffn);
    check(layer + "mlp", base != nullptr, "the base layer has no gated feed-forward part");
    require<UsageError>(base->up_proj.weight.defined(),
                        "{}: LLaVA-MoLE needs the base's weights as numbers, not packed", path_);
    auto bank = std::make_shared<LoraFfnExperts>(base, experts, options);
    bank->mix = LoraMix::projections;
    fill_bank(bank->gate, layer + "mlp.moe_gate.", "");
    fill_bank(bank->up, layer + "mlp.moe_up.", "");
    fill_bank(bank->down, layer + "mlp.moe_down.", "");
    auto moe = std::make_shared<Layer>();
    moe->site = static_cast<int>(i);
    moe->experts = bank;
    moe->router = make_router({{"score", {{"kind", "linear"}, {"bias", true}}},
                               {"select", {{"kind", "top_k"}, {"k", dense ? experts : 1}}},
                               {"weigh", dense ? "softmax" : "one"}},
                              {.width = model_.text->model->width, .experts = experts});
    for (auto& t : named_tensors(*moe->router))
      fill_tensor(layer + "mlp.router" + t.name.substr(t.name.rfind('.')), t.tensor);
    block.moe = moe;
    block.ffn = nullptr;
  }
}

// PEFT's layout with `lora_nums` pairs and a router on each projection.
void AdapterLoader::load_loramoe(ConfigObject& c) {
  const auto experts = c.need_integer("lora_nums"), rank = c.need_integer("r");
  const std::string prefix = "base_model.model.", route = ".lora_route.weight";
  auto site = static_cast<Site>(model_.text->model->layers.size());  // behind those of the base
  for (const auto& name : files_.names()) {
    if (!name.starts_with(prefix) || !name.ends_with(route)) continue;
    const auto stem = name.substr(0, name.size() - route.size());
    const auto ours = names_.ours(stem.substr(prefix.size()) + ".weight", known_).ours;
    check(name, ours.size() == 1 && linears_.contains(ours[0].substr(0, ours[0].size() - 7)),
          "is on no projection of its own in the base model");
    Linear& linear = *linears_.at(ours[0].substr(0, ours[0].size() - 7));
    const auto [in, out] = features_of(linear);
    const auto adapter = make_expert_adapter(
        {{"experts",
          {{"kind", "lora"}, {"count", experts}, {"rank", rank}, {"alpha", alpha_}, {"dropout", dropout_}}},
         {"router",
          {{"score", "linear"}, {"select", {{"kind", "top_k"}, {"k", experts}}}, {"weigh", "softmax"}}}},
        in, out, site++);
    for (auto& t : named_tensors(*adapter->layer->router)) fill_tensor(name, t.tensor);
    auto& pairs = dynamic_cast<LoraExperts&>(*adapter->layer->experts).pairs;
    for (int64_t e = 0; e < experts; ++e)
      for (const auto& [part, whole] : {std::pair(".lora_A", pairs.a_ERI), {".lora_B", pairs.b_EOR}}) {
        const auto own = fmt::format("{}{}{}.weight", stem, part, e);
        const Tensor stored = files_.tensor(own);
        check(own, stored.sizes() == whole[e].sizes(), "is " + shape_text(stored));
        whole[e].copy_(stored);
        placed_[own] = {{whole},
                        [whole = whole, e] { return whole.grad().defined() ? whole.grad()[e] : Tensor(); },
                        [whole = whole, e] { return whole[e]; }};
      }
    put_adapter(linear, adapter);
  }
}

Json balance_of_adapter(const std::filesystem::path& folder) {
  const Json config = read_json(folder / "adapter_config.json");
  const auto type = config.value("peft_type", "");
  if (type == "MIXLORA")
    return {{"kind", "switch_balance"}, {"weight", config.value("router_aux_loss_coef", 0.01)}};
  if (type == "MOLE") {
    const Json args = read_json(folder / "mole_args.json");
    return {{"kind", "sequence_balance"},
            {"share", "first"},
            {"pool_layers", true},
            {"weight", args.value("moe_balance_w", 0.01) / args.value("llm_moe_num_experts", 1)}};
  }
  const auto experts = config.value("lora_nums", int64_t{0});
  if (experts == 0) return nullptr;
  // The first half of the experts is drawn to rows of task 1, the second to those of task 0.
  Json first = Json::array(), second = Json::array();
  for (int64_t e = 0; e < experts; ++e) (e < experts / 2 ? first : second).push_back(e);
  return {{"kind", "localized_balance"},
          {"groups", {second, first}},
          {"delta", config.value("blc_alpha", 0.1)},
          {"weight", config.value("blc_weight", 0.1)}};
}

}  // namespace conclave
