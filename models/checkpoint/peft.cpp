// PEFT's LoRA, DoRA, and LoRA on the parameters of experts.
#include <ATen/ATen.h>

#include "models/checkpoint/adapter_loader.h"

namespace conclave {
namespace {

// A bank has pairs on all of its weights or on none.
void fill_missing(FfnExperts& bank) {
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

}  // namespace

void AdapterLoader::load_peft(ConfigObject& c) {
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

// Fused [E,out,in] parameters. Of several on one module the first listed lies
// deepest under ".base_layer". lora_A [E·r,in] counts ranks within experts,
// lora_B [out,E·r] experts within ranks.
bool AdapterLoader::put_on_experts(const std::string& stem, const std::string& module,
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
  require<UsageError>(!bank->packed(),
                      "{}: adapters of experts need the base's weights as numbers, not packed", path_);
  const auto b_name = stem + ".lora_B.weight";
  const Tensor a = take(stem + ".lora_A.weight"), b = take(b_name);
  const int64_t experts = bank->count(), rank = a.size(0) / experts;
  check(stem,
        a.dim() == 2 && b.dim() == 2 && rank > 0 && a.size(0) == experts * rank && b.size(1) == a.size(0),
        fmt::format("lora_A is {} and lora_B {} for {} experts", shape_text(a), shape_text(b), experts));
  const Tensor b_EOR = b.view({b.size(0), rank, experts}).permute({2, 0, 1});
  int64_t row = 0;
  const Tensor a_ERI = a.view({experts, rank, a.size(1)});  // one for all parts
  std::vector<Tensor> outs;
  for (const auto& ours : found.ours) {
    const char which = ours.back();
    const Tensor& weight = which == '1' ? bank->w1_EFD : which == '3' ? bank->w3_EFD : bank->w2_EDF;
    auto pairs = std::make_shared<LowRankBank>();
    pairs->a_ERI = a_ERI;
    check(stem, a.size(1) == weight.size(2) && row + weight.size(1) <= b.size(0), "does not fit the experts");
    pairs->b_EOR = b_EOR.narrow(1, row, weight.size(1)).contiguous();
    pairs->scale = scale_for(rank);
    (which == '1' ? bank->lora1 : which == '3' ? bank->lora3 : bank->lora2) = pairs;
    row += weight.size(1);
    outs.push_back(pairs->b_EOR);
  }
  check(stem, row == b.size(0), fmt::format("lora_B is {}, the experts have {} rows", shape_text(b), row));
  // One A serves all rows; B's rows are those of the parts, its columns experts within ranks.
  const auto shape_a = a.sizes().vec(), shape_b = b.sizes().vec();
  const auto published = [shape_b](const std::vector<Tensor>& parts) {
    return at::cat(parts, 1).permute({1, 2, 0}).reshape(shape_b);
  };
  placed_[stem + ".lora_A.weight"] = {
      {a_ERI},
      [a_ERI, shape_a] { return a_ERI.grad().defined() ? a_ERI.grad().view(shape_a) : Tensor(); },
      [a_ERI, shape_a] { return a_ERI.view(shape_a); }};
  placed_[b_name] = {outs,
                     [outs, published] {
                       std::vector<Tensor> rows;
                       for (const auto& part : outs)
                         if (part.grad().defined()) rows.push_back(part.grad());
                       return rows.size() == outs.size() ? published(rows) : Tensor();
                     },
                     [outs, published] { return published(outs); }};
  fill_missing(*bank);
  return true;
}

FfnExperts* AdapterLoader::bank_of(const std::string& tensor) {
  for (size_t i = 0; i < model_.text->model->layers.size(); ++i) {
    const auto& moe = model_.text->model->layers[i]->moe;
    if (moe && tensor.starts_with(fmt::format("model.layers.{}.mlp.experts.", i)))
      return dynamic_cast<FfnExperts*>(moe->experts.get());
  }
  return nullptr;
}

}  // namespace conclave
