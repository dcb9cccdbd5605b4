#include "apps/common/json_changes.h"

#include <charconv>

#include "framework/base/error.h"
#include "framework/base/json_problem.h"

namespace conclave {
namespace {

// The entry `name` of `parent`, for keys that may be new in an object.
Json& entry_at(Json& parent, const std::string& name, const std::string& change) {
  if (parent.is_array()) {
    size_t place = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), place);
    if (error == std::errc() && end == name.data() + name.size() && place < parent.size())
      return parent[place];
  }
  require<UsageError>(parent.is_object(), "--set {}: there is no \"{}\"", change, name);
  return parent[name];
}

}  // namespace

Json with_changes(Json recipe, const std::vector<std::string>& changes) {
  for (const auto& change : changes) {
    const auto equals = change.find('=');
    require<UsageError>(equals != std::string::npos && equals > 0, "--set {}: must be KEY=VALUE", change);
    std::string path = change.substr(0, equals), value = change.substr(equals + 1);
    Json* at = &recipe;
    for (size_t dot; (dot = path.find('.')) != std::string::npos; path.erase(0, dot + 1)) {
      at = &entry_at(*at, path.substr(0, dot), change);
      require<UsageError>(!at->is_null(), "--set {}: there is no \"{}\"", change, path.substr(0, dot));
    }
    check_json_depth(value, "--set " + change.substr(0, equals));
    Json parsed = Json::parse(value, nullptr, false);
    if (parsed.is_null()) {
      require<UsageError>(at->is_object(), "--set {}: only a key of an object can be removed", change);
      at->erase(path);
    } else {
      entry_at(*at, path, change) = parsed.is_discarded() ? Json(value) : parsed;
    }
  }
  return recipe;
}

}  // namespace conclave
