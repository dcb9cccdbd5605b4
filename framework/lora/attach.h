/// Putting adapters on the projections of a model, by name, and folding them into the weights.
#pragma once

#include <string>
#include <vector>

#include "framework/lora/lora.h"
#include "framework/moe/layer.h"

namespace conclave {

struct FoundLinear {
  std::string name;
  Linear* linear;
};

/// A pattern is a dotted name or its end; `*` stands for any characters: "q_proj", "layers.*.mlp.up_proj",
/// "*".
using Patterns = std::vector<std::string>;

/// The projections below `root` whose name fits a pattern, in visiting order. What is inside an adapter is
/// not found.
std::vector<FoundLinear> find_linears(Module& root, const Patterns& patterns);

/// A fresh Lora on each projection that fits, and on the experts of each feed-forward bank that does (its
/// weights are no projections: "*.experts"). Returns the names. Throws UsageError when a pattern fits
/// nothing, Error when a place has an adapter already; nothing is attached then.
std::vector<std::string> attach_lora(Module& root, const Patterns& patterns, const LoraOptions& options);

/// A bank of LoRA experts with its own router on each projection that fits (see make_expert_adapter). Sites
/// count up from `first_site`. Returns the names and throws as attach_lora does.
std::vector<std::string> attach_expert_adapters(Module& root, const Patterns& patterns, const Json& config,
                                                Site first_site);

/// Drops the adapters of the projections and banks that fit.
void detach_adapters(Module& root, const Patterns& patterns = {"*"});

/// A plain adapter that was folded into its projection.
struct MergedLora {
  Linear* linear;
  Ptr<Lora> adapter;
};

/// Adds every plain Lora to its projection's weight and takes it off: inference then costs what it did
/// without. Banks of adapters stay, because their delta depends on the token.
std::vector<MergedLora> merge_lora(Module& root);

/// Takes them out of the weights again, up to rounding, and puts them back in their slots.
void unmerge_lora(const std::vector<MergedLora>& merged);

}  // namespace conclave
