#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/moe/layer.h"
#include "framework/nn/ffn.h"

namespace conclave {
namespace {

// `object` without the keys that the layer reads itself.
Json without(Json object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) object.erase(key);
  return object;
}

Tensor fresh_gate(int64_t outputs, int64_t width) {
  return at::empty({outputs, width}).normal_(0, 0.02);
}

void add_shared(Layer& layer, const Json& config, int64_t width) {
  ConfigObject reader(config, "shared");
  const int64_t count = reader.get_integer("count", 1, 1);
  const auto gate = reader.one_of("gate", {"plain", "sigmoid", "router"});
  for (int64_t s = 0; s < count; ++s)
    layer.shared.push_back(make_ffn(without(config, {"count", "gate"}), width, {}, "shared"));
  if (gate == "router") layer.shared_gate = SharedGate::router;
  if (gate == "sigmoid") {
    layer.shared_gate = SharedGate::sigmoid;
    layer.shared_gate_SD = fresh_gate(count, width);
  }
}

// The router's configuration with the layer's capacity as the last select stage.
Json with_capacity(Json router, const Json& capacity) {
  require<UsageError>(router.contains("select"), "router.select is missing");
  Json stage = {{"kind", "capacity"}};
  if (capacity.is_number())
    stage["factor"] = capacity;
  else
    stage.update(capacity);
  Json& select = router["select"];
  if (!select.is_array()) select = Json::array({select});
  select.push_back(stage);
  return router;
}

}  // namespace

Ptr<Layer> make_layer(const Json& config, int64_t width, Site site) {
  ConfigObject reader(config, "moe");
  auto layer = std::make_shared<Layer>();
  layer->site = site;
  layer->nulls = reader.get_integer("nulls", 0);

  const Json& experts = reader.part("experts");
  const int64_t count = ConfigObject(experts, "experts").need_integer("count");
  layer->experts = make_experts(experts, {.width = width, .experts = count});

  if (reader.has("shared")) add_shared(*layer, reader.part("shared"), width);
  if (reader.has("dense")) {
    layer->dense = make_ffn(reader.part("dense"), width, {}, "dense");
    layer->path_gate_2D = fresh_gate(2, width);
    layer->path_bias_2 = at::zeros({2});
  }
  RouterShape shape{.width = width, .experts = count, .nulls = layer->nulls};
  if (layer->shared_gate == SharedGate::router) shape.shared = static_cast<int64_t>(layer->shared.size());
  const Json& router = reader.part("router");
  layer->router =
      make_router(reader.has("capacity") ? with_capacity(router, reader.part("capacity")) : router, shape);
  reader.finish();
  return layer;
}

}  // namespace conclave
