#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

template <class T>
T bounded(ConfigObject& config, const std::string& key, std::optional<T> fallback, T low, T high) {
  const T value = fallback ? config.get<T>(key, *fallback) : config.need<T>(key);
  require<UsageError>(value >= low && value <= high, "{} = {}: must be from {} to {}", config.name(key),
                      value, low, high);
  return value;
}

}  // namespace

int64_t integer_of(ConfigObject& config, const std::string& key, std::optional<int64_t> fallback, int64_t low,
                   int64_t high) {
  return bounded<int64_t>(config, key, fallback, low, high);
}

double number_of(ConfigObject& config, const std::string& key, std::optional<double> fallback, double low,
                 double high) {
  return bounded<double>(config, key, fallback, low, high);
}

std::vector<int64_t> integers_of(ConfigObject& config, const std::string& key, int64_t low, int64_t high) {
  const auto list = config.get<std::vector<int64_t>>(key, {});
  for (const int64_t value : list)
    require<UsageError>(value >= low && value <= high, "{} holds {}: must be from {} to {}", config.name(key),
                        value, low, high);
  return list;
}

}  // namespace conclave
