/// Product experts (PKM, arXiv 1907.05242; Monet, arXiv 2412.04139): expert (i, j) is made of part i of a
/// first factor and part j of a second, so that N1 + N2 logits route N1 x N2 experts.
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// A router for each factor. Gives Routing::factors and leaves expert_TK undefined: the experts of a token
/// are all pairs of what its factors chose, with the products of their weights.
struct ProductRouter : Router {
  std::vector<Ptr<Router>> factors;

  /// Throws Error when there are edits: they name experts, not parts.
  Routing route(const Tensor& x_TD, const TokenContext& context, const Experts* bank = nullptr,
                std::span<const Edit> edits = {}) override;
  void after_step(const StepWindow& window) override;
  void visit(Visitor& v) override;
};

/// {"factors": [{"experts": 8, ...}, {"experts": 8, ...}]}, each with the keys of a router.
Ptr<Router> make_product_router(const Json& config, const RouterShape& shape);

}  // namespace conclave
