#include "framework/train/train_options.h"

#include "framework/base/config_object.h"

namespace conclave {
namespace {

double need_between(ConfigObject& config, const char* key, double fallback, double low, double high) {
  const double value = config.get(key, fallback);
  require<UsageError>(value >= low && value <= high, "{} = {}: must be from {} to {}", config.name(key),
                      value, low, high);
  return value;
}

AdamWOptions parse_optimizer(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  AdamWOptions o;
  o.beta1 = need_between(config, "beta1", o.beta1, 0, 1);
  o.beta2 = need_between(config, "beta2", o.beta2, 0, 1);
  o.epsilon = need_between(config, "epsilon", o.epsilon, 0, 1);
  o.weight_decay = need_between(config, "weight_decay", o.weight_decay, 0, 1e6);
  o.decay_vectors = config.get("decay_vectors", o.decay_vectors);
  if (config.has("groups")) {
    const Json& groups = config.part("groups");
    require<UsageError>(groups.is_array(), "{} must be a list", config.name("groups"));
    for (size_t i = 0; i < groups.size(); ++i) {
      ConfigObject group(groups[i], fmt::format("{}[{}]", config.name("groups"), i));
      ParameterGroup g{group.need<std::string>("pattern"), need_between(group, "lr_scale", 1, 0, 1e6), {}};
      g.muon = group.one_of("update", {"adamw", "muon"}) == "muon";
      if (group.has("weight_decay")) g.weight_decay = need_between(group, "weight_decay", 0, 0, 1e6);
      group.finish();
      o.groups.push_back(std::move(g));
    }
  }
  config.finish();
  return o;
}

Schedule parse_schedule_object(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  Schedule s;
  s.kind = parse_schedule(config.get<std::string>("kind", "cosine"), config.name("kind"));
  s.peak = need_between(config, "peak", s.peak, 0, 1e6);
  s.warmup = config.get_integer("warmup", s.warmup);
  s.steps = config.get_integer("steps", s.steps);
  s.final_ratio = need_between(config, "final_ratio", s.final_ratio, 0, 1);
  config.finish();
  return s;
}

}  // namespace

TrainOptions parse_train_options(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  TrainOptions o;
  o.steps = config.get_integer("steps", o.steps, 1);
  o.batch = config.get_integer("batch", o.batch, 1);
  o.accumulate = config.get_integer("accumulate", o.accumulate, 1);
  o.seed = static_cast<uint64_t>(config.get_integer("seed", 0));
  o.schedule = parse_schedule_object(config.part("schedule"), config.name("schedule"));
  o.optimizer = parse_optimizer(config.part("optimizer"), config.name("optimizer"));
  o.clip_norm = need_between(config, "clip_norm", o.clip_norm, 0, 1e12);
  o.bfloat16 = config.one_of("dtype", {"float32", "bfloat16"}) == "bfloat16";
  o.ema_decay = need_between(config, "ema_decay", o.ema_decay, 0, 0.999999999);
  o.max_bad_steps = static_cast<int>(config.get_integer("max_bad_steps", o.max_bad_steps));
  o.folder = config.get<std::string>("folder", "");
  o.checkpoint_every = config.get_integer("checkpoint_every", o.checkpoint_every);
  o.keep_last = static_cast<int>(config.get_integer("keep_last", o.keep_last, 1));
  o.evaluate_every = config.get_integer("evaluate_every", o.evaluate_every);
  o.metric = config.get("metric", o.metric);
  o.maximize = config.get("maximize", o.maximize);
  o.min_delta = need_between(config, "min_delta", o.min_delta, 0, 1e12);
  o.patience = config.get_integer("patience", o.patience);
  config.finish();
  return o;
}

}  // namespace conclave
