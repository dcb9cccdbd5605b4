#include "models/checkpoint/adapters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <set>

#include "framework/base/config_object.h"
#include "framework/lora/attach.h"
#include "framework/lora/expert_adapter.h"
#include "framework/moe/experts/ffn.h"
#include "framework/moe/experts/lora_experts.h"
#include "framework/moe/experts/lora_ffn.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/dora.h"
#include "models/checkpoint/name_map.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

std::string shape_text(const Tensor& t) {
  return fmt::format("[{}]", fmt::join(t.sizes(), ", "));
}

class Loader {
 public:
  Loader(Multimodal& model, const CheckpointFolder& base, const fs::path& folder)
      : model_(model),
        names_(*base.architecture),
        path_((folder / "adapter_config.json").string()),
        config_(read_json(folder / "adapter_config.json")),
        files_(folder / "adapter_model.safetensors") {
    for (const auto& [name, linear] : find_linears(model, {"*"})) linears_[name] = linear;
    for (const auto& t : named_tensors(model)) known_.insert(t.name);
  }

  AdapterTensors load() {
    ConfigObject c(config_, path_);
    const auto type = c.need<std::string>("peft_type");
    alpha_ = c.need<double>("lora_alpha");
    rslora_ = c.get("use_rslora", false);
    if (type == "LORA") {
      load_peft(c);
    } else if (type == "MIXLORA") {
      load_mixlora(c);
    } else {
      throw UsageError(
          fmt::format("{}: peft_type = {} is not supported (supported: LORA, MIXLORA)", path_, type));
    }
    std::string lost;
    for (const auto& name : files_.names())
      if (!placed_.contains(name)) lost += fmt::format("\n  {} {}", name, shape_text(files_.tensor(name)));
    if (!lost.empty())
      throw DataError(files_.origin(), "", "these tensors have no place in the base model:" + lost);
    return std::move(placed_);
  }

 private:
  double scale_for(int64_t rank) const {
    const auto r = static_cast<double>(rank);
    return alpha_ / (rslora_ ? std::sqrt(r) : r);
  }

  // A float32 copy that can be trained.
  Tensor take(const std::string& name) { return files_.tensor(name).to(at::kFloat).clone(); }

  // A tensor that is one of ours as it is.
  Tensor place(const std::string& name, const Tensor& tensor) {
    placed_[name] = {{tensor}, [tensor] { return tensor.grad(); }};
    return tensor;
  }

  void load_peft(ConfigObject& c) {
    // What would change the numbers and is not read here.
    for (const char* key : {"alpha_pattern", "rank_pattern"})
      require<UsageError>(c.part(key).empty(), "{}: {} is not supported", path_, key);
    require<UsageError>(!c.get("fan_in_fan_out", false) && c.get<std::string>("bias", "none") == "none" &&
                            !c.get("lora_bias", false),
                        "{}: fan_in_fan_out, bias and lora_bias are not supported", path_);
    const bool dora = c.get("use_dora", false);
    const auto parameters = c.get("target_parameters", std::vector<std::string>{});
    const std::string prefix = "base_model.model.", a = ".lora_A.weight";
    for (const auto& name : files_.names()) {
      if (!name.starts_with(prefix) || !name.ends_with(a)) continue;
      const auto stem = name.substr(0, name.size() - a.size());
      const auto module = stem.substr(prefix.size());
      if (!parameters.empty() && put_on_experts(stem, module, parameters)) continue;
      put_on_linear(stem, module, dora);
    }
  }

  // `module` may be several of our projections, row below row.
  void put_on_linear(const std::string& stem, const std::string& module, bool dora) {
    std::vector<Linear*> parts;
    int64_t rows = 0;
    for (const auto& ours : names_.ours(module + ".weight", known_).ours) {
      const auto found = linears_.find(ours.substr(0, ours.size() - 7));
      if (found == linears_.end()) return;
      parts.push_back(found->second);
      rows += found->second->out_features();
    }
    const auto b_name = stem + ".lora_B.weight", m_name = stem + ".lora_magnitude_vector";
    const Tensor a_RI = take(stem + ".lora_A.weight"), b_OR = take(b_name);
    check(stem,
          a_RI.dim() == 2 && b_OR.dim() == 2 && a_RI.size(1) == parts[0]->in_features() &&
              b_OR.size(0) == rows && a_RI.size(0) == b_OR.size(1),
          fmt::format("lora_A is {} and lora_B {}, the projection is [{}, {}]", shape_text(a_RI),
                      shape_text(b_OR), rows, parts[0]->in_features()));
    Tensor magnitude_O;
    if (dora) magnitude_O = place(m_name, take(m_name));
    place(stem + ".lora_A.weight", a_RI);
    place(b_name, b_OR);
    int64_t row = 0;
    for (Linear* linear : parts) {
      Lora lora;
      lora.a_RI = a_RI;
      lora.b_OR = parts.size() == 1 ? b_OR : b_OR.narrow(0, row, linear->out_features());
      lora.scale = scale_for(a_RI.size(0));
      if (dora) {
        auto adapter = std::make_shared<Dora>();
        adapter->lora = lora;
        adapter->linear = linear;
        adapter->magnitude_O =
            parts.size() == 1 ? magnitude_O : magnitude_O.narrow(0, row, linear->out_features());
        linear->adapter = adapter;
      } else {
        linear->adapter = std::make_shared<Lora>(lora);
      }
      row += linear->out_features();
    }
  }

  // Fused [E,out,in] parameters. Of several on one module the first listed lies deepest under ".base_layer".
  // lora_A [E·r,in] counts ranks within experts, lora_B [out,E·r] experts within ranks.
  bool put_on_experts(const std::string& stem, const std::string& module,
                      const std::vector<std::string>& parameters) {
    std::string bare = module;
    size_t depth = 0;
    for (const std::string inner = ".base_layer"; bare.ends_with(inner); ++depth)
      bare.resize(bare.size() - inner.size());
    std::vector<std::string> here;
    for (const auto& parameter : parameters) {
      const size_t dot = parameter.rfind('.');
      if (dot != std::string::npos && bare.ends_with(parameter.substr(0, dot)))
        here.push_back(parameter.substr(dot + 1));
    }
    if (depth >= here.size()) return false;
    const PublishedName found = names_.ours(bare + "." + here[here.size() - 1 - depth], known_);
    auto* bank = bank_of(found.ours.front());
    if (!bank) return false;
    const auto b_name = stem + ".lora_B.weight";
    const Tensor a = take(stem + ".lora_A.weight"), b = take(b_name);
    const int64_t experts = bank->count(), rank = a.size(0) / experts;
    check(stem,
          a.dim() == 2 && b.dim() == 2 && rank > 0 && a.size(0) == experts * rank && b.size(1) == a.size(0),
          fmt::format("lora_A is {} and lora_B {} for {} experts", shape_text(a), shape_text(b), experts));
    const Tensor b_EOR = b.view({b.size(0), rank, experts}).permute({2, 0, 1});
    int64_t row = 0;
    std::vector<Tensor> ranks, outs;
    for (const auto& ours : found.ours) {
      const char which = ours.back();
      const Tensor& weight = which == '1' ? bank->w1_EFD : which == '3' ? bank->w3_EFD : bank->w2_EDF;
      auto pairs = std::make_shared<LowRankBank>();
      pairs->a_ERI = a.view({experts, rank, a.size(1)}).clone();
      check(stem, a.size(1) == weight.size(2) && row + weight.size(1) <= b.size(0),
            "does not fit the experts");
      pairs->b_EOR = b_EOR.narrow(1, row, weight.size(1)).contiguous();
      pairs->scale = scale_for(rank);
      (which == '1' ? bank->lora1 : which == '3' ? bank->lora3 : bank->lora2) = pairs;
      row += weight.size(1);
      ranks.push_back(pairs->a_ERI);
      outs.push_back(pairs->b_EOR);
    }
    check(stem, row == b.size(0), fmt::format("lora_B is {}, the experts have {} rows", shape_text(b), row));
    // One A serves all rows; B's rows are those of the parts, its columns experts within ranks.
    placed_[stem + ".lora_A.weight"] = {ranks, [ranks, a] {
                                          Tensor sum;
                                          for (const auto& part : ranks)
                                            if (part.grad().defined())
                                              sum = sum.defined() ? sum + part.grad() : part.grad();
                                          return sum.defined() ? sum.view(a.sizes()) : sum;
                                        }};
    placed_[b_name] = {outs, [outs, b] {
                         std::vector<Tensor> rows;
                         for (const auto& part : outs)
                           if (part.grad().defined()) rows.push_back(part.grad());
                         return rows.size() == outs.size()
                                    ? at::cat(rows, 1).permute({1, 2, 0}).reshape(b.sizes())
                                    : Tensor();
                       }};
    fill_missing(*bank);
    return true;
  }

  // A bank has pairs on all of its weights or on none.
  static void fill_missing(FfnExperts& bank) {
    const auto fill = [&](Ptr<LowRankBank>& pairs, const Tensor& weight) {
      if (pairs || !weight.defined()) return;
      pairs = std::make_shared<LowRankBank>();
      pairs->a_ERI = at::zeros({bank.count(), 1, weight.size(2)});
      pairs->b_EOR = at::zeros({bank.count(), weight.size(1), 1});
    };
    fill(bank.lora1, bank.w1_EFD);
    fill(bank.lora3, bank.w3_EFD);
    fill(bank.lora2, bank.w2_EDF);
  }

  FfnExperts* bank_of(const std::string& tensor) {
    for (size_t i = 0; i < model_.text->model->layers.size(); ++i) {
      const auto& moe = model_.text->model->layers[i]->moe;
      if (moe && tensor.starts_with(fmt::format("model.layers.{}.mlp.experts.", i)))
        return dynamic_cast<FfnExperts*>(moe->experts.get());
    }
    return nullptr;
  }

  void load_mixlora(ConfigObject& c) {
    const auto strategy = c.get<std::string>("routing_strategy", "mixlora");
    require<UsageError>(strategy == "mixlora",
                        "{}: routing_strategy = {} is not supported (supported: mixlora)", path_, strategy);
    require<UsageError>(!c.get("use_dora", false), "{}: use_dora is not supported with MIXLORA", path_);
    const auto experts = c.need_integer("num_experts"), slots = c.need_integer("top_k");
    LoraOptions options;
    options.rank = c.need_integer("r");
    options.alpha = alpha_;
    options.rslora = rslora_;
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
      for (auto& t : named_tensors(*moe->router)) {
        place(gate, t.tensor);
        const Tensor stored = files_.tensor(gate);
        check(gate, stored.sizes() == t.tensor.sizes(), "is " + shape_text(stored));
        t.tensor.copy_(stored);
      }
      block.moe = moe;
      block.ffn = nullptr;
    }
  }

  void fill_bank(const Ptr<LowRankBank>& pairs, const std::string& stem) {
    if (!pairs) return;
    for (int64_t e = 0; e < pairs->count(); ++e) {
      for (const auto& [suffix, whole] :
           {std::pair(".lora_A.weight", pairs->a_ERI), {".lora_B.weight", pairs->b_EOR}}) {
        const auto name = stem + std::to_string(e) + suffix;
        const Tensor stored = files_.tensor(name);
        check(name, stored.sizes() == whole[e].sizes(), "is " + shape_text(stored));
        whole[e].copy_(stored);
        placed_[name] = {{whole},
                         [whole = whole, e] { return whole.grad().defined() ? whole.grad()[e] : Tensor(); }};
      }
    }
  }

  void check(const std::string& name, bool fine, const std::string& what) const {
    if (!fine) throw DataError(files_.origin(), name, what);
  }

  Multimodal& model_;
  NameMap names_;
  std::string path_;
  Json config_;
  Safetensors files_;
  double alpha_ = 0;
  bool rslora_ = false;
  std::map<std::string, Linear*> linears_;
  std::set<std::string> known_;
  AdapterTensors placed_;
};

}  // namespace

bool is_adapter(const fs::path& folder) {
  return fs::exists(folder / "adapter_config.json") && !fs::exists(folder / "config.json");
}

fs::path base_of_adapter(const fs::path& folder) {
  const auto file = folder / "adapter_config.json";
  const Json config = read_json(file);
  const auto name = config.is_object() ? config.value("base_model_name_or_path", Json()) : Json();
  if (!name.is_string())
    throw DataError(file.string(), "base_model_name_or_path", "must name the base model's folder");
  for (const fs::path& base : {folder / name.get<std::string>(), fs::path(name.get<std::string>())})
    if (fs::exists(base / "config.json")) return base;
  throw DataError(
      file.string(), "base_model_name_or_path",
      fmt::format("\"{}\" is no model folder here; adapters need their base model", name.get<std::string>()));
}

AdapterTensors load_adapter(Multimodal& model, const CheckpointFolder& base, const fs::path& folder) {
  const at::NoGradGuard no_grad;
  return Loader(model, base, folder).load();
}

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
      throw DataError(
          files.origin(), name,
          fmt::format("gate {}, lora_A {} and lora_B {} do not fit {} adapters of a projection [{}, {}]",
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

void merge_adapters(Multimodal& model) {
  const at::NoGradGuard no_grad;
  merge_lora(model);
  for (const auto& [name, linear] : find_linears(model, {"*"})) {
    const auto dora = std::dynamic_pointer_cast<Dora>(linear->adapter);
    if (!dora) continue;
    linear->weight.copy_(dora->merged());
    linear->adapter = nullptr;
  }
  for (const auto& block : model.text->model->layers) {
    if (!block->moe) continue;
    if (auto* bank = dynamic_cast<FfnExperts*>(block->moe->experts.get()); bank && bank->lora1)
      bank->merge_lora();
  }
}

}  // namespace conclave
