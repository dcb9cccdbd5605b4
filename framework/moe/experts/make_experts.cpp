#include <fmt/ranges.h>

#include <array>
#include <string>

#include "framework/base/config_object.h"
#include "framework/moe/experts/latent.h"
#include "framework/moe/experts/lora_experts.h"
#include "framework/moe/experts/lora_ffn.h"
#include "framework/moe/experts/lora_ranks.h"
#include "framework/moe/experts/mixed.h"
#include "framework/moe/experts/product_ffn.h"
#include "framework/moe/experts/trivial.h"

namespace conclave {
namespace {

Ptr<Experts> make(const Json& config, const ExpertsShape& shape, const std::string& path);

FfnOptions read_ffn(ConfigObject& config, bool gated) {
  FfnOptions options;
  options.hidden = config.need_integer("hidden");
  options.activation = parse_activation(config.get<std::string>("activation", gated ? "silu" : "gelu"),
                                        config.name("activation"));
  options.gated = gated;
  options.bias = config.get("bias", false);
  return options;
}

Ptr<Experts> gated_ffn(ConfigObject& config, const ExpertsShape& shape) {
  return std::make_shared<FfnExperts>(shape, read_ffn(config, true));
}

Ptr<Experts> ffn(ConfigObject& config, const ExpertsShape& shape) {
  return std::make_shared<FfnExperts>(shape, read_ffn(config, false));
}

// The base is fresh; a model puts its own pretrained FFN in its place and trains the names with "lora_"
// alone.
Ptr<Experts> lora_ffn(ConfigObject& config, const ExpertsShape& shape) {
  const auto ffn = read_ffn(config, config.get("gated", true));
  const auto lora = read_lora_options(config);
  const auto names = config.get<std::vector<std::string>>("targets", {"gate", "up", "down"});
  LoraTargets targets{false, false, false};
  for (const auto& name : names) {
    bool* target = name == "gate"   ? &targets.gate
                   : name == "up"   ? &targets.up
                   : name == "down" ? &targets.down
                                    : nullptr;
    require<UsageError>(target != nullptr, "{}: \"{}\" is not one of gate, up, down", config.name("targets"),
                        name);
    *target = true;
  }
  const bool projections = config.one_of("mix", {"outputs", "projections"}) == "projections";
  const auto build = [&](auto base) {
    auto bank = std::make_shared<LoraFfnExperts>(base, shape.experts, lora, targets);
    if (projections) bank->mix = LoraMix::projections;
    return bank;
  };
  if (ffn.gated) return build(std::make_shared<GatedFfn>(shape.width, ffn.hidden, ffn.activation, ffn.bias));
  return build(std::make_shared<PlainFfn>(shape.width, ffn.hidden, ffn.activation, ffn.bias));
}

Ptr<Experts> lora(ConfigObject& config, const ExpertsShape& shape) {
  return std::make_shared<LoraExperts>(shape.experts, shape.width, shape.width, read_lora_options(config));
}

Ptr<Experts> lora_ranks(ConfigObject& config, const ExpertsShape& shape) {
  return std::make_shared<LoraRankExperts>(shape.experts, shape.width, shape.width,
                                           read_lora_options(config));
}

Ptr<Experts> latent(ConfigObject& config, const ExpertsShape& shape) {
  const auto width = config.need_integer("latent");
  return std::make_shared<LatentExperts>(shape, width, read_ffn(config, config.get("gated", true)));
}

Ptr<Experts> zero(ConfigObject&, const ExpertsShape& shape) {
  return std::make_shared<ZeroExperts>(shape.experts);
}

Ptr<Experts> identity(ConfigObject&, const ExpertsShape& shape) {
  return std::make_shared<IdentityExperts>(shape.experts);
}

Ptr<Experts> constant(ConfigObject&, const ExpertsShape& shape) {
  return std::make_shared<ConstantExperts>(shape);
}

Ptr<Experts> mixed(ConfigObject& config, const ExpertsShape& shape) {
  const Json& list = config.part("parts");
  require<UsageError>(list.is_array() && !list.empty(), "{} must be a list of banks", config.name("parts"));
  std::vector<Ptr<Experts>> parts;
  int64_t total = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    const auto path = fmt::format("{}.{}", config.name("parts"), i);
    const auto count = ConfigObject(list[i], path).get_integer("count", 1, 1);
    parts.push_back(make(list[i], {shape.width, count}, path));
    total += count;
  }
  require<UsageError>(total == shape.experts, "{}: the parts have {} experts, the layer {}",
                      config.name("parts"), total, shape.experts);
  return std::make_shared<MixedExperts>(parts);
}

Ptr<Experts> product_ffn(ConfigObject& config, const ExpertsShape& shape) {
  const auto factors = config.need<std::vector<int64_t>>("factors");
  require<UsageError>(factors.size() == 2 && factors[0] >= 1 && factors[1] >= 1 &&
                          shape.experts % factors[0] == 0 && shape.experts / factors[0] == factors[1],
                      "{} = [{}]: two numbers whose product is count = {}", config.name("factors"),
                      fmt::join(factors, ", "), shape.experts);
  return std::make_shared<ProductFfnExperts>(shape.width, factors[0], factors[1], read_ffn(config, false));
}

struct Kind {
  const char* name;
  Ptr<Experts> (*make)(ConfigObject&, const ExpertsShape&);
};
constexpr std::array kKinds{
    Kind{"gated_ffn", gated_ffn},
    Kind{"ffn", ffn},
    Kind{"lora_ffn", lora_ffn},
    Kind{"lora", lora},
    Kind{"lora_ranks", lora_ranks},
    Kind{"latent", latent},
    Kind{"zero", zero},
    Kind{"identity", identity},
    Kind{"constant", constant},
    Kind{"mixed", mixed},
    Kind{"product_ffn", product_ffn},
};

Ptr<Experts> make(const Json& config, const ExpertsShape& shape, const std::string& path) {
  ConfigObject object(config, path);
  object.part("count");  // read by whoever knows the shape
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
  throw UsageError(fmt::format("{} = \"{}\": must be one of {}", object.name("kind"), kind, known));
}

}  // namespace

Ptr<Experts> make_experts(const Json& config, const ExpertsShape& shape) {
  require<UsageError>(shape.width >= 1 && shape.experts >= 1,
                      "experts: width {} and count {} must be at least 1", shape.width, shape.experts);
  return make(config, shape, "experts");
}

}  // namespace conclave
