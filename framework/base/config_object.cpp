#include "framework/base/config_object.h"

#include <algorithm>
#include <vector>

namespace conclave {

ConfigObject::ConfigObject(const Json& object, std::string path) : object_(object), path_(std::move(path)) {
  require<UsageError>(object.is_object(), "{} must be an object, not {}", path_, object.dump());
}

std::string ConfigObject::name(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const Json& ConfigObject::part(std::string_view key) {
  static const Json kEmpty = Json::object();
  read_.emplace(key);
  const auto found = object_.find(std::string(key));
  return found == object_.end() || found->is_null() ? kEmpty : *found;
}

std::string ConfigObject::one_of(std::string_view key, std::initializer_list<std::string_view> allowed) {
  const auto value = get<std::string>(key, std::string(*allowed.begin()));
  require<UsageError>(std::find(allowed.begin(), allowed.end(), value) != allowed.end(),
                      "{} = \"{}\": must be one of {}", name(key), value, fmt::join(allowed, ", "));
  return value;
}

int64_t ConfigObject::need_integer(std::string_view key, int64_t least) {
  const auto value = need<int64_t>(key);
  require<UsageError>(value >= least, "{} = {}: must be at least {}", name(key), value, least);
  return value;
}

int64_t ConfigObject::get_integer(std::string_view key, int64_t fallback, int64_t least) {
  const auto value = get<int64_t>(key, fallback);
  require<UsageError>(value >= least, "{} = {}: must be at least {}", name(key), value, least);
  return value;
}

void ConfigObject::finish() const {
  for (const auto& [key, value] : object_.items()) {
    require<UsageError>(read_.contains(key), "{} = {}: unknown key (known: {})", name(key), value.dump(),
                        fmt::join(read_, ", "));
  }
}

}  // namespace conclave
