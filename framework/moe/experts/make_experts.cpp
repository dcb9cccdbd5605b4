#include <array>
#include <string>

#include "framework/base/config_object.h"
#include "framework/moe/experts/ffn.h"

namespace conclave {
namespace {

Ptr<Experts> make_ffn_bank(ConfigObject& config, const ExpertsShape& shape, bool gated) {
  FfnOptions options;
  options.hidden = config.need_integer("hidden");
  options.activation = parse_activation(config.get<std::string>("activation", gated ? "silu" : "gelu"),
                                        config.name("activation"));
  options.gated = gated;
  options.bias = config.get("bias", false);
  return std::make_shared<FfnExperts>(shape, options);
}

Ptr<Experts> gated_ffn(ConfigObject& config, const ExpertsShape& shape) {
  return make_ffn_bank(config, shape, true);
}
Ptr<Experts> ffn(ConfigObject& config, const ExpertsShape& shape) {
  return make_ffn_bank(config, shape, false);
}

struct Kind {
  const char* name;
  Ptr<Experts> (*make)(ConfigObject&, const ExpertsShape&);
};
constexpr std::array kKinds{
    Kind{"gated_ffn", gated_ffn},
    Kind{"ffn", ffn},
};

}  // namespace

Ptr<Experts> make_experts(const Json& config, const ExpertsShape& shape) {
  require<UsageError>(shape.width >= 1 && shape.experts >= 1,
                      "experts: width {} and count {} must be at least 1", shape.width, shape.experts);
  ConfigObject object(config, "experts");
  object.part("count");  // the layer's key; the shape brings it here
  const auto kind = object.get<std::string>("kind", "gated_ffn");
  std::string known;
  for (const Kind& k : kKinds) {
    if (kind == k.name) {
      auto bank = k.make(object, shape);
      object.finish();
      return bank;
    }
    known += (known.empty() ? "" : ", ") + std::string(k.name);
  }
  throw UsageError(fmt::format("experts.kind = \"{}\": must be one of {}", kind, known));
}

}  // namespace conclave
