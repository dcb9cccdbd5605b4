/// The MoE layer: route, then apply. Routed experts, shared experts and a dense path, each replaceable.
#pragma once

#include "framework/moe/experts.h"
#include "framework/moe/router.h"
#include "framework/nn/path.h"

namespace conclave {

/// Identifies a layer's place for traces and edits: layer x iteration x place, numbered by the model.
using Site = int;

/// Where the experts run: here (null), over all-to-all, compressed, spilling.
struct Executor {
  virtual ~Executor() = default;
  virtual Tensor run(Experts& experts, const Tensor& x_TD, const Routing& routing,
                     const TokenContext& context) = 0;
};

/// How the shared experts are weighted: added as they are; times sigmoid(w·x) (Qwen2-MoE); by the router's
/// own softmax over selected and shared logits (Uni-MoE-2), one weight per shared expert.
enum class SharedGate { plain, sigmoid, router };

struct Layer : Module {
  Site site = 0;
  Ptr<Router> router;
  Ptr<Experts> experts;
  std::vector<Ptr<Path>> shared;  ///< always run
  SharedGate shared_gate = SharedGate::plain;
  Tensor shared_gate_SD;  ///< [S,D], for SharedGate::sigmoid
  Ptr<Path> dense;        ///< dual path: softmax(W x + b)[0] · MoE + [1] · dense (residual MoE; EchoVLM)
  Tensor path_gate_2D;    ///< [2,D], with `dense`
  Tensor path_bias_2;     ///< [2], or undefined
  int64_t nulls = 0;      ///< null experts behind the bank's
  Ptr<Executor> executor;

  /// Routing of x_TD with the edits of this site applied; leaves a record in context.log.
  Routing route(const Tensor& x_TD, const TokenContext& context);
  /// Runs the experts under a routing that may come from outside. [T,D] -> [T,D].
  virtual Tensor apply(const Tensor& x_TD, const Routing& routing, const TokenContext& context);
  Tensor forward(const Tensor& x_TD, const TokenContext& context) {
    return apply(x_TD, route(x_TD, context), context);
  }
  void visit(Visitor& v) override;
};

/// Builds a whole layer; docs/moe.md lists the keys. Throws UsageError that names the key.
///   {"experts": {"count": 8, "kind": "gated_ffn", ...}, "router": {...}, "nulls": 1,
///    "shared": {"count": 2, "hidden": 64, "gate": "router"}, "dense": {...}, "capacity": {"factor": 1.5}}
Ptr<Layer> make_layer(const Json& config, int64_t width, Site site);

}  // namespace conclave
