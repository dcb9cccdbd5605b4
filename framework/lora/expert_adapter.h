/// A bank of adapters behind a router, in the adapter slot of any projection (LLaVA-MoLE, LoRA-Mixer, SMoRA).
#pragma once

#include "framework/moe/layer.h"
#include "framework/nn/linear.h"

namespace conclave {

/// delta(x) = what a MoE layer of low-rank experts gives for x. The layer brings its router, edits and
/// records; in and out features may differ.
struct ExpertAdapter : Adapter {
  Ptr<Layer> layer;
  /// Routing decided elsewhere, for instance once for all projections of a block; null routes here. The
  /// number of its tokens must be that of x, flattened.
  Ptr<const Routing> given;

  explicit ExpertAdapter(Ptr<Layer> layer) : layer(std::move(layer)) {}
  Tensor delta(const Tensor& x, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

/// {"experts": {"kind": "lora" | "lora_ranks", "count": 8, "rank": 4, "alpha": 8, "rslora": false,
///              "dropout": 0}, "router": {...}, "nulls": 0}
/// Throws UsageError that names the key.
Ptr<ExpertAdapter> make_expert_adapter(const Json& config, int64_t in, int64_t out, Site site);

}  // namespace conclave
