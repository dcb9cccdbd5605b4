#include "framework/moe/routers/product.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/moe/edits.h"

namespace conclave {

Routing ProductRouter::route(const Tensor& x_TD, const TokenContext& context, const Experts* bank,
                             std::span<const Edit> edits) {
  require<Error>(edits.empty(), "[router] the routing of product experts cannot be edited");
  Routing routing;
  for (const auto& factor : factors) routing.factors.push_back(factor->route(x_TD, context, bank));
  return routing;
}

// The window counts experts, and these are not counted: schedules see the step.
void ProductRouter::after_step(const StepWindow& window) {
  for (const auto& factor : factors) factor->after_step({{}, window.step});
}

void ProductRouter::visit(Visitor& v) {
  v.children("factors", factors);
}

Ptr<Router> make_product_router(const Json& config, const RouterShape& shape) {
  ConfigObject reader(config, "router");
  require<UsageError>(
      shape.nulls == 0 && shape.shared == 0,
      "router.factors: product experts have neither null experts nor a gate with shared ones");
  const Json& list = reader.part("factors");
  require<UsageError>(list.is_array() && list.size() == 2, "router.factors must be a list of two routers");
  reader.finish();
  auto router = std::make_shared<ProductRouter>();
  int64_t product = 1;
  for (size_t i = 0; i < list.size(); ++i) {
    ConfigObject factor(list[i], fmt::format("router.factors.{}", i));
    const int64_t experts = factor.need_integer("experts");
    Json own = list[i];
    own.erase("experts");
    router->factors.push_back(make_router(own, {.width = shape.width, .experts = experts}));
    product *= experts;
  }
  require<UsageError>(product == shape.experts, "router.factors: {} experts, the bank has {}", product,
                      shape.experts);
  return router;
}

}  // namespace conclave
