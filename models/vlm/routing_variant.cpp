#include "models/vlm/routing_variant.h"

#include <fmt/ranges.h>

#include <map>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

struct Sizes {
  int64_t experts, hidden, k, rank;
};

Json ffn_experts(int64_t count, int64_t hidden) {
  return {{"kind", "gated_ffn"}, {"count", count}, {"hidden", hidden}};
}

Json top_k(int64_t k) {
  return {{"kind", "top_k"}, {"k", k}};
}

Json modality_aware(const Sizes& s) {
  const Json scores = {{"kind", "per_modality"}, {"scores", {{"vision", "linear"}, {"text", "linear"}}}};
  const Json pools = {{"kind", "modality_pool"}, {"private", {{"vision", 1}, {"text", 1}}}};
  return {{"experts", ffn_experts(s.experts, s.hidden)},
          {"router",
           {{"score", scores}, {"mask", pools}, {"select", top_k(s.k)}, {"weigh", "softmax_selected"}}}};
}

Json modality_blind(const Sizes& s) {
  return {{"experts", ffn_experts(s.experts, s.hidden)},
          {"router", {{"select", top_k(s.k)}, {"weigh", "softmax_selected"}}}};
}

Json per_modality(const Sizes& s) {
  const Json pools = {{"kind", "modality_pool"}, {"private", {{"vision", 1}, {"text", 1}}}};
  return {{"experts", ffn_experts(2, s.hidden)},
          {"router", {{"mask", pools}, {"select", top_k(1)}, {"weigh", "softmax_selected"}}}};
}

Json lora(const Sizes& s) {
  return {{"experts", {{"kind", "lora_ffn"}, {"count", s.experts}, {"hidden", s.hidden}, {"rank", s.rank}}},
          {"router", {{"select", top_k(1)}, {"weigh", "softmax"}}}};
}

Json null_shared(const Sizes& s) {
  return {{"experts", ffn_experts(s.experts, s.hidden)},
          {"nulls", 1},
          {"shared", {{"count", 2}, {"hidden", s.hidden / 2}, {"gate", "router"}}},
          {"router",
           {{"select", {{"kind", "sparse_mixer"}, {"p", 0.7}}},
            {"weigh", {"given", {{"kind", "normalise"}, {"epsilon", 1e-6}}, "shared_gate"}}}}};
}

using Make = Json (*)(const Sizes&);
const std::map<std::string, Make>& variants() {
  static const std::map<std::string, Make> table = {{"modality-aware", modality_aware},
                                                    {"modality-blind", modality_blind},
                                                    {"per-modality", per_modality},
                                                    {"lora", lora},
                                                    {"null-shared", null_shared}};
  return table;
}

}  // namespace

std::vector<std::string> routing_variant_names() {
  std::vector<std::string> names;
  for (const auto& [name, make] : variants()) names.push_back(name);
  return names;
}

Json routing_variant(const Json& config) {
  if (!config.is_object() || !config.contains("variant")) return config;
  ConfigObject c(config, "moe");
  const auto name = c.need<std::string>("variant");
  const Sizes sizes{c.get_integer("experts", 4, 1), c.need_integer("hidden"), c.get_integer("k", 2, 1),
                    c.get_integer("rank", 8, 1)};
  c.finish();
  const auto found = variants().find(name);
  require<UsageError>(found != variants().end(), "{} = \"{}\": must be one of {}", c.name("variant"), name,
                      fmt::join(routing_variant_names(), ", "));
  return found->second(sizes);
}

}  // namespace conclave
