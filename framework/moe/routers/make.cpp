#include "framework/moe/routers/make.h"

#include "framework/moe/routers/product.h"

namespace conclave {
namespace {

using MakeStage = Ptr<Stage> (*)(const Json&, const std::string&, const RouterShape&);

// One stage, or a list of them.
std::vector<Ptr<Stage>> make_chain(ConfigObject& config, const std::string& key, MakeStage make,
                                   const RouterShape& shape) {
  if (!config.has(key)) return {};
  const Json& part = config.part(key);
  if (!part.is_array()) return {make(part, config.name(key), shape)};
  std::vector<Ptr<Stage>> stages;
  for (size_t i = 0; i < part.size(); ++i)
    stages.push_back(make(part[i], fmt::format("{}.{}", config.name(key), i), shape));
  return stages;
}

}  // namespace

Ptr<Router> make_router(const Json& config, const RouterShape& shape) {
  ConfigObject reader(config, "router");
  require<UsageError>(shape.experts > 0, "router: {} experts; at least 1 is needed", shape.experts);
  if (reader.has("factors")) return make_product_router(config, shape);
  auto router = std::make_shared<Router>();
  router->shared = shape.shared;
  if (reader.has("unit")) router->unit = make_unit(reader.part("unit"), "router.unit", shape);
  router->score = make_score(reader.has("score") ? reader.part("score") : "linear", "router.score", shape);
  router->mask = make_chain(reader, "mask", make_mask, shape);
  router->select = make_chain(reader, "select", make_select, shape);
  router->weigh = make_chain(reader, "weigh", make_weigh, shape);
  reader.finish();
  require<UsageError>(!router->select.empty(), "router.select is missing");
  if (router->weigh.empty()) router->weigh = {make_weigh("softmax_selected", "router.weigh", shape)};
  return router;
}

}  // namespace conclave
