#include "models/stream/base/settings.h"

namespace conclave::stream {

int integer_in(ConfigObject& c, std::string_view key, int fallback, int least, int most) {
  const auto value = c.get<int64_t>(key, fallback);
  require<UsageError>(value >= least && value <= most, "{} = {} is not in {}..{}", c.name(key), value, least,
                      most);
  return static_cast<int>(value);
}

double real_in(ConfigObject& c, std::string_view key, double fallback, double least, double most) {
  const double value = c.get(key, fallback);
  require<UsageError>(value >= least && value <= most, "{} = {} is not in [{}, {}]", c.name(key), value,
                      least, most);
  return value;
}

double positive(ConfigObject& c, std::string_view key, double fallback, double most) {
  const double value = c.get(key, fallback);
  require<UsageError>(value > 0 && value <= most, "{} = {} is not in (0, {}]", c.name(key), value, most);
  return value;
}

double fraction(ConfigObject& c, std::string_view key, double fallback) {
  const double value = c.get(key, fallback);
  require<UsageError>(value > 0 && value < 1, "{} = {} is not between 0 and 1", c.name(key), value);
  return value;
}

}  // namespace conclave::stream
