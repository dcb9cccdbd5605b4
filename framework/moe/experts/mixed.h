/// One pool made of unlike experts.
#pragma once

#include "framework/moe/experts.h"
#include "framework/nn/path.h"

namespace conclave {

/// Banks side by side: the ids of a part follow those of the part before it. MoE++ is feed-forward experts
/// with zero, identity and constant ones behind them.
struct MixedExperts : Experts {
  std::vector<Ptr<Experts>> parts;

  explicit MixedExperts(std::vector<Ptr<Experts>> parts);
  int64_t count() const override;
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

/// One expert a module, each any map from [T,D] to [T,D]. A module sees its own rows alone, with the context
/// of their tokens.
struct ModuleExperts : Experts {
  std::vector<Ptr<Path>> modules;

  explicit ModuleExperts(std::vector<Ptr<Path>> modules);
  int64_t count() const override { return static_cast<int64_t>(modules.size()); }
  Tensor forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  Tensor slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
