#include "framework/lora/expert_adapter.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/moe/experts/lora_experts.h"
#include "framework/moe/experts/lora_ranks.h"

namespace conclave {

Tensor ExpertAdapter::delta(const Tensor& x, const TokenContext& context) {
  const Tensor x_TD = x.reshape({-1, x.size(-1)});
  const Tensor y_TO = given ? layer->apply(x_TD, *given, context) : layer->forward(x_TD, context);
  auto shape = x.sizes().vec();
  shape.back() = y_TO.size(1);
  return y_TO.view(shape);
}

void ExpertAdapter::visit(Visitor& v) {
  layer->visit(v);
}

Ptr<ExpertAdapter> make_expert_adapter(const Json& config, int64_t in, int64_t out, Site site) {
  ConfigObject reader(config, "adapter");
  auto layer = std::make_shared<Layer>();
  layer->site = site;
  layer->nulls = reader.get_integer("nulls", 0);

  ConfigObject experts(reader.part("experts"), "adapter.experts");
  const auto kind = experts.one_of("kind", {"lora", "lora_ranks"});
  const auto count = experts.need_integer("count");
  const auto options = read_lora_options(experts);
  experts.finish();
  if (kind == "lora") {
    layer->experts = std::make_shared<LoraExperts>(count, in, out, options);
  } else {
    layer->experts = std::make_shared<LoraRankExperts>(count, in, out, options);
  }
  layer->router = make_router(reader.part("router"), {.width = in, .experts = count, .nulls = layer->nulls});
  reader.finish();
  return std::make_shared<ExpertAdapter>(layer);
}

}  // namespace conclave
