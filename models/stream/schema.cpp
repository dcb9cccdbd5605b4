#include "models/stream/schema.h"

#include <fmt/format.h>

namespace conclave::stream {

Attribute Attribute::counted(std::string name, int count) {
  Attribute made{std::move(name), true, {}};
  for (int i = 0; i < count; ++i) made.values.push_back(fmt::to_string(i));
  return made;
}

ValueIndex::ValueIndex(const std::vector<std::string>& values) {
  for (size_t i = 0; i < values.size(); ++i) places_.try_emplace(values[i], static_cast<int>(i));
}

int ValueIndex::find(std::string_view value) const {
  const auto found = places_.find(value);
  return found == places_.end() ? -1 : found->second;
}

int ValueIndex::add(std::string_view value, std::vector<std::string>& values) {
  if (const int known = find(value); known >= 0) return known;
  places_.emplace(value, static_cast<int>(values.size()));
  values.emplace_back(value);
  return static_cast<int>(values.size()) - 1;
}

void ValueIndex::take_back(std::vector<std::string>& values) {
  places_.erase(values.back());
  values.pop_back();
}

Json to_json(const Schema& schema) {
  const auto column = [](const Attribute& a) {
    if (a.left_out) return Json{{"name", a.name}, {"left_out", true}};
    return a.nominal ? Json{{"name", a.name}, {"values", a.values}} : Json{{"name", a.name}};
  };
  Json inputs = Json::array();
  for (const auto& input : schema.inputs) inputs.push_back(column(input));
  return {{"inputs", inputs}, {"label", column(schema.label)}};
}

Schema schema_from_json(const Json& json) {
  const auto column = [](const Json& entry) {
    Attribute a{entry.at("name"), entry.contains("values"), {}};
    if (a.nominal) a.values = entry["values"].get<std::vector<std::string>>();
    a.left_out = entry.value("left_out", false);
    return a;
  };
  Schema schema;
  for (const Json& entry : json.at("inputs")) schema.inputs.push_back(column(entry));
  schema.label = column(json.at("label"));
  return schema;
}

}  // namespace conclave::stream
