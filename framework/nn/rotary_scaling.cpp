#include "framework/nn/rotary_scaling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

std::string kind_of(ConfigObject& c) {
  const auto older = c.get<std::string>("type", "default");
  return c.get<std::string>("rope_type", older);
}

double yarn_magnitude(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

void linear(Rotary& rotary, ConfigObject& c) {
  rotary.frequency_C = rotary.plain_frequencies() / c.need<double>("factor");
}

// Slow frequencies are divided by the factor, fast ones stay, those between are mixed by a ramp.
void yarn(Rotary& rotary, ConfigObject& c, int64_t longest) {
  const auto original = static_cast<double>(c.get_integer("original_max_position_embeddings", longest, 1));
  const double factor = c.need<double>("factor");
  const double mscale = c.get("mscale", 0.0), mscale_all = c.get("mscale_all_dim", 0.0);
  const double fallback = mscale != 0 && mscale_all != 0
                              ? yarn_magnitude(factor, mscale) / yarn_magnitude(factor, mscale_all)
                              : yarn_magnitude(factor, 1);
  rotary.magnitude = c.get("attention_factor", fallback);

  // The frequency index that makes `turns` full turns over the original length.
  const auto index_of = [&](double turns) {
    return static_cast<double>(rotary.dim) * std::log(original / (turns * 2 * std::numbers::pi)) /
           (2 * std::log(rotary.theta));
  };
  double low = index_of(c.get("beta_fast", 32.0)), high = index_of(c.get("beta_slow", 1.0));
  if (c.get("truncate", true)) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rotary.dim - 1));
  if (low == high) high += 0.001;
  const Tensor ramp = ((at::arange(rotary.dim / 2, at::dtype(at::kDouble)) - low) / (high - low)).clamp(0, 1);
  const Tensor plain = rotary.plain_frequencies();
  rotary.frequency_C = plain / factor * ramp + plain * (1 - ramp);
}

void llama3(Rotary& rotary, ConfigObject& c, int64_t longest) {
  const auto original = static_cast<double>(c.get_integer("original_max_position_embeddings", longest, 1));
  const double factor = c.need<double>("factor");
  const double low = c.need<double>("low_freq_factor"), high = c.need<double>("high_freq_factor");
  require<UsageError>(high > low, "{} = {}: must be above {} = {}", c.name("high_freq_factor"), high,
                      c.name("low_freq_factor"), low);
  const Tensor plain = rotary.plain_frequencies();
  const Tensor turns = original * plain / (2 * std::numbers::pi);  // full turns over the original length
  const Tensor keep = ((turns - low) / (high - low)).clamp(0, 1);
  rotary.frequency_C = plain * keep + plain / factor * (1 - keep);
}

Tensor divided(const Rotary& rotary, ConfigObject& c, const char* key) {
  const auto factors = c.need<std::vector<double>>(key);
  require<UsageError>(static_cast<int64_t>(factors.size()) == rotary.dim / 2,
                      "{}: {} factors for {} frequencies", c.name(key), factors.size(), rotary.dim / 2);
  return rotary.plain_frequencies() / at::tensor(factors, at::kDouble);
}

void longrope(Rotary& rotary, ConfigObject& c, int64_t longest) {
  rotary.far = c.get_integer("original_max_position_embeddings", longest, 1);
  rotary.frequency_C = divided(rotary, c, "short_factor");
  rotary.far_frequency_C = divided(rotary, c, "long_factor");
  const double factor = c.get("factor", static_cast<double>(longest) / static_cast<double>(rotary.far));
  const double fallback =
      factor <= 1 ? 1.0 : std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(rotary.far)));
  rotary.magnitude = c.get("attention_factor", fallback);
}

}  // namespace

void scale_rotary(Rotary& rotary, const Json& config, int64_t longest, const std::string& path) {
  if (config.is_null() || config.empty()) return;
  ConfigObject c(config, path);
  const auto kind = kind_of(c);
  if (kind == "default" || kind == "mrope") return;
  if (kind == "linear") return linear(rotary, c);
  if (kind == "yarn") return yarn(rotary, c, longest);
  if (kind == "llama3") return llama3(rotary, c, longest);
  if (kind == "longrope" || kind == "su") return longrope(rotary, c, longest);
  throw UsageError(fmt::format("{} = \"{}\": must be one of default, mrope, linear, yarn, llama3, longrope",
                               c.name("rope_type"), kind));
}

double latent_score_scale(const Json& config) {
  if (!config.is_object() || config.empty()) return 1;
  ConfigObject c(config, "rope_scaling");
  const double all = c.get("mscale_all_dim", 0.0);
  if (kind_of(c) != "yarn" || all == 0) return 1;
  const double m = yarn_magnitude(c.need<double>("factor"), all);
  return m * m;
}

}  // namespace conclave
