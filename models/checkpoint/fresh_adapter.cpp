#include "models/checkpoint/fresh_adapter.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/lora/attach.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/name_map.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

class FreshAdapter {
 public:
  FreshAdapter(const CheckpointFolder& base, const AdapterPlan& plan)
      : base_(base), plan_(plan), model_(shape_of(base)) {}

  void write(const fs::path& folder) {
    Json config = {{"base_model_name_or_path", fs::absolute(base_.path).lexically_normal().string()},
                   {"r", plan_.rank},
                   {"lora_alpha", plan_.alpha},
                   {"lora_dropout", plan_.dropout},
                   {"use_rslora", plan_.rslora},
                   {"bias", "none"},
                   {"task_type", "CAUSAL_LM"}};
    Json args;
    if (plan_.kind == "mixlora")
      mixlora(config);
    else if (plan_.kind == "mole")
      args = mole(config);
    else if (plan_.kind == "loramoe")
      loramoe(config);
    else
      peft(config);
    fs::create_directories(folder);
    save_safetensors(folder / "adapter_model.safetensors", tensors_);
    if (!args.is_null()) write_file(folder / "mole_args.json", args.dump(2) + "\n");
    write_file(folder / "adapter_config.json", config.dump(2) + "\n");
  }

 private:
  /// A projection of the text model's layers by its published module name.
  struct Place {
    std::string module;
    int64_t in, out;
  };

  // Drawn for all tensors in the order of their names, so that a seed gives the same adapter anywhere.
  void pair(const std::string& stem, int64_t in, int64_t out, const std::string& suffix = ".weight") {
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    tensors_.emplace_back(stem + ".lora_A" + suffix, at::empty({plan_.rank, in}).uniform_(-bound, bound));
    tensors_.emplace_back(stem + ".lora_B" + suffix, at::zeros({out, plan_.rank}));
  }

  std::shared_ptr<GatedFfn> dense_part(size_t layer) const {
    auto ffn = std::dynamic_pointer_cast<GatedFfn>(model_->text->model->layers[layer]->ffn);
    require<UsageError>(ffn != nullptr,
                        "{}: layer {} has no dense gated feed-forward part, which the experts lie over; use "
                        "the kind lora",
                        base_.path.string(), layer);
    return ffn;
  }

  std::vector<Place> places() const {
    std::set<std::string> known, linears;
    for (const auto& t : named_tensors(*model_)) known.insert(t.name);
    for (const auto& [name, linear] : find_linears(*model_, {"model.layers.*"}))
      linears.insert(name + ".weight");
    const NameMap names(*base_.architecture);
    const std::string weight = ".weight";
    std::vector<Place> found;
    for (const auto& name : base_.files->names()) {
      const auto shape = base_.files->shape(name);
      if (shape.size() != 2 || !name.ends_with(weight)) continue;
      const auto ours = names.ours(name, known);
      if (ours.ours.empty() || ours.expert >= 0 ||
          !std::ranges::all_of(ours.ours, [&](const auto& each) { return linears.contains(each); }))
        continue;
      found.push_back({name.substr(0, name.size() - weight.size()), shape[1], shape[0]});
    }
    std::ranges::sort(found, {}, &Place::module);
    return found;
  }

  static std::string last_part(const std::string& module) { return module.substr(module.rfind('.') + 1); }

  void peft(Json& config) {
    config["peft_type"] = "LORA";
    config["use_dora"] = plan_.kind == "dora";
    config["fan_in_fan_out"] = false;
    std::set<std::string> all, taken;
    for (const auto& place : places()) {
      const auto part = last_part(place.module);
      all.insert(part);
      if (!plan_.targets.empty() && std::ranges::find(plan_.targets, part) == plan_.targets.end()) continue;
      taken.insert(part);
      const auto stem = "base_model.model." + place.module;
      pair(stem, place.in, place.out);
      if (plan_.kind == "dora")
        tensors_.emplace_back(stem + ".lora_magnitude_vector",
                              base_.files->tensor(place.module + ".weight").to(at::kFloat).norm(2, 1));
    }
    for (const auto& target : plan_.targets)
      require<UsageError>(taken.contains(target), "--target {}: {} has no such projection (it has: {})",
                          target, base_.path.string(), fmt::join(all, ", "));
    require<UsageError>(!taken.empty(), "{}: no projection that an adapter fits", base_.path.string());
    config["target_modules"] = taken;
  }

  void mixlora(Json& config) {
    require<UsageError>(plan_.targets.empty(), "--target: MixLoRA's places are fixed");
    config["peft_type"] = "MIXLORA";
    config["routing_strategy"] = "mixlora";
    config["num_experts"] = plan_.experts;
    config["top_k"] = plan_.chosen;
    config["router_aux_loss_coef"] = plan_.balance;
    const auto& layers = model_->text->model->layers;
    for (size_t i = 0; i < layers.size(); ++i) {
      const auto ffn = dense_part(i);
      const auto layer = fmt::format("mixlora.layers.{}.", i);
      const auto module = fmt::format("model.layers.{}.self_attn.", i);
      for (const auto& place : places())
        if (place.module.ends_with(module + last_part(place.module)))
          pair(layer + "self_attn." + last_part(place.module), place.in, place.out);
      const int64_t width = ffn->up_proj.in_features(), hidden = ffn->up_proj.out_features();
      tensors_.emplace_back(layer + "mlp.moe_gate.weight",
                            at::empty({plan_.experts, width}).normal_(0, 0.02));
      for (int64_t e = 0; e < plan_.experts; ++e) {
        pair(fmt::format("{}mlp.gate_proj.experts.{}", layer, e), width, hidden);
        pair(fmt::format("{}mlp.up_proj.experts.{}", layer, e), width, hidden);
        pair(fmt::format("{}mlp.down_proj.experts.{}", layer, e), hidden, width);
      }
    }
  }

  // The settings of a run, for mole_args.json.
  Json mole(Json& config) {
    require<UsageError>(plan_.targets.empty(), "--target: LLaVA-MoLE's places are fixed");
    config["peft_type"] = "MOLE";
    std::set<std::string> attention;
    for (size_t i = 0; i < model_->text->model->layers.size(); ++i) {
      const auto ffn = dense_part(i);
      const auto layer = fmt::format("llm_model.base_model.model.model.layers.{}.", i);
      for (const auto& [name, linear] :
           find_linears(*model_, {fmt::format("model.layers.{}.self_attn.*", i)})) {
        const auto part = last_part(name);
        if (part != "q_proj" && part != "k_proj" && part != "v_proj" && part != "o_proj") continue;
        attention.insert(part);
        pair(layer + "self_attn." + part, linear->in_features(), linear->out_features(), ".default.weight");
      }
      const int64_t width = ffn->up_proj.in_features(), hidden = ffn->up_proj.out_features();
      tensors_.emplace_back(layer + "mlp.router.weight", at::empty({plan_.experts, width}).normal_(0, 0.02));
      tensors_.emplace_back(layer + "mlp.router.bias", at::zeros({plan_.experts}));
      for (int64_t e = 0; e < plan_.experts; ++e) {
        pair(fmt::format("{}mlp.moe_gate.{}", layer, e), width, hidden, "");
        pair(fmt::format("{}mlp.moe_up.{}", layer, e), width, hidden, "");
        pair(fmt::format("{}mlp.moe_down.{}", layer, e), hidden, width, "");
      }
    }
    return {{"llm_moe", true},
            {"dense_moe", false},
            {"llm_moe_num_experts", plan_.experts},
            {"moe_balance_w", plan_.balance},
            {"use_lora", true},
            {"lora_rank", plan_.rank},
            {"lora_alpha", plan_.alpha},
            {"lora_modules", fmt::format("{}", fmt::join(attention, ","))}};
  }

  void loramoe(Json& config) {
    config["peft_type"] = "LORA";
    config["lora_nums"] = plan_.experts;
    config["blc_alpha"] = 0.1;
    config["blc_weight"] = plan_.balance;
    config["fan_in_fan_out"] = false;
    const auto targets = !plan_.targets.empty()
                             ? plan_.targets
                             : std::vector<std::string>{"gate_proj", "up_proj", "down_proj"};
    std::set<std::string> all, taken;
    for (const auto& place : places()) {
      const auto part = last_part(place.module);
      all.insert(part);
      if (std::ranges::find(targets, part) == targets.end()) continue;
      taken.insert(part);
      const auto stem = "base_model.model." + place.module;
      const double bound = 1 / std::sqrt(static_cast<double>(place.in));
      tensors_.emplace_back(stem + ".lora_route.weight",
                            at::empty({plan_.experts, place.in}).uniform_(-bound, bound));
      for (int64_t e = 0; e < plan_.experts; ++e) {
        tensors_.emplace_back(fmt::format("{}.lora_A{}.weight", stem, e),
                              at::empty({plan_.rank, place.in}).uniform_(-bound, bound));
        tensors_.emplace_back(fmt::format("{}.lora_B{}.weight", stem, e), at::zeros({place.out, plan_.rank}));
      }
    }
    for (const auto& target : plan_.targets)
      require<UsageError>(taken.contains(target), "--target {}: {} has no such projection (it has: {})",
                          target, base_.path.string(), fmt::join(all, ", "));
    require<UsageError>(
        !taken.empty(),
        "{}: no gate_proj, up_proj or down_proj of its own; name projections with --target ({})",
        base_.path.string(), fmt::join(all, ", "));
    config["target_modules"] = taken;
  }

  const CheckpointFolder& base_;
  const AdapterPlan& plan_;
  Ptr<Multimodal> model_;
  TensorList tensors_;
};

}  // namespace

void write_fresh_adapter(const CheckpointFolder& base, const AdapterPlan& plan, const fs::path& folder,
                         uint64_t seed) {
  at::manual_seed(seed);
  FreshAdapter(base, plan).write(folder);
}

}  // namespace conclave
