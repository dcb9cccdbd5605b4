#include "models/checkpoint/summary.h"

#include <ATen/ATen.h>

#include "models/checkpoint/kinds.h"

namespace conclave {
namespace {

// "top_k" for {"kind": "top_k", ...}; lists as "choose_by, top_k".
std::string stage_names(const Json& stages) {
  if (stages.is_string()) return stages.get<std::string>();
  if (stages.is_object()) return stages.value("kind", "");
  std::string names;
  for (const auto& stage : stages) names += (names.empty() ? "" : ", ") + stage_names(stage);
  return names;
}

// Slots that a select stage fills, 0 where the number depends on the token.
int64_t slots_of(const Json& select) {
  if (select.is_object()) return select.value("k", int64_t{0});
  int64_t slots = 0;
  if (select.is_array())
    for (const auto& stage : select) slots = std::max(slots, slots_of(stage));
  return slots;
}

}  // namespace

namespace {

void add_memory(Json& summary, int64_t parameters) {
  summary["memory"] = {{"float32", 4 * parameters},
                       {"bfloat16", 2 * parameters},
                       {"int8", parameters},
                       {"int4", parameters / 2}};
}

// What is no language model has its settings told as they are.
Json summarise_other(const CheckpointFolder& folder) {
  const int64_t total = count_parameters(*shaped(folder, make_kind));
  Json summary = {{"folder", folder.path.string()}, {"architecture", folder.architecture->name}};
  for (const auto& [key, value] : folder.config.items())
    if (!value.is_object()) summary[key] = value;
  summary["parameters"] = total;
  add_memory(summary, total);
  return summary;
}

}  // namespace

Json summarise_checkpoint(const CheckpointFolder& folder) {
  if (folder.config.value("kind", "") != "causal_lm") return summarise_other(folder);
  const auto model = shape_of(folder);
  const Json& text = folder.config["text"];
  const int64_t total = count_parameters(*model);
  int64_t active =
      total - (model->text->lm_head.weight.defined() ? model->text->embed_tokens.weight.numel() : 0);
  Json summary = {{"folder", folder.path.string()},
                  {"architecture", folder.architecture->name},
                  {"class", folder.published["architectures"][0]},
                  {"layers", text["layers"]},
                  {"width", text["width"]},
                  {"vocabulary", folder.config["vocabulary"]}};
  if (text.contains("moe")) {
    const Json& moe = text["moe"];
    const int64_t slots = slots_of(moe["router"]["select"]);
    int64_t routed = 0;
    for (const auto& block : model->text->model->layers) {
      if (!block->moe) continue;
      ++routed;
      const int64_t count = block->moe->experts->count(), bank = count_parameters(*block->moe->experts);
      if (slots > 0) active -= bank / count * (count - std::min(slots, count));
    }
    summary["moe_layers"] = routed;
    summary["experts"] = moe["experts"]["count"];
    summary["experts_per_token"] = slots;
    summary["shared_experts"] = moe.contains("shared") ? moe["shared"].value("count", 1) : 0;
    summary["router"] =
        fmt::format("score {}; select {}; weigh {}", stage_names(moe["router"]["score"]),
                    stage_names(moe["router"]["select"]), stage_names(moe["router"]["weigh"]));
  }
  if (!folder.architecture->parts.empty()) summary["not_counted"] = folder.architecture->parts;
  summary["parameters"] = total;
  summary["active_parameters"] = active;
  add_memory(summary, total);
  return summary;
}

}  // namespace conclave
