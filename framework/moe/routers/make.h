/// What the tables of stage kinds share.
#pragma once

#include <fmt/ranges.h>

#include <limits>
#include <string>
#include <vector>

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// A kind's name and how it is made.
template <class Made>
struct Kind {
  const char* name;
  Ptr<Made> (*make)(ConfigObject& config, const RouterShape& shape);
};

/// Makes the stage that `config` names: {"kind": "top_k", ...}, or just "linear" when no key is needed.
/// Throws UsageError that names the kinds, or the key.
template <class Made>
Ptr<Made> make_kind(const Json& config, const std::string& path, const std::vector<Kind<Made>>& kinds,
                    const RouterShape& shape) {
  const Json object = config.is_string() ? Json{{"kind", config}} : config;
  ConfigObject reader(object, path);
  const auto wanted = reader.need<std::string>("kind");
  std::vector<std::string> names;
  for (const auto& kind : kinds) {
    names.push_back(kind.name);
    if (wanted != kind.name) continue;
    auto made = kind.make(reader, shape);
    reader.finish();
    return made;
  }
  throw UsageError(
      fmt::format("{} = \"{}\": must be one of {}", reader.name("kind"), wanted, fmt::join(names, ", ")));
}

/// A stage that needs no keys.
template <class Made>
Ptr<Stage> make_plain(ConfigObject&, const RouterShape&) {
  return std::make_shared<Made>();
}

// The tables, one for each stage.
Ptr<UnitStage> make_unit(const Json& config, const std::string& path, const RouterShape& shape);
Ptr<Stage> make_score(const Json& config, const std::string& path, const RouterShape& shape);
Ptr<Stage> make_mask(const Json& config, const std::string& path, const RouterShape& shape);
Ptr<Stage> make_select(const Json& config, const std::string& path, const RouterShape& shape);
Ptr<Stage> make_weigh(const Json& config, const std::string& path, const RouterShape& shape);

}  // namespace conclave
