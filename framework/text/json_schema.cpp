#include "framework/text/json_schema.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr size_t kMostProperties = 62;  // which were seen is kept in one number

}  // namespace

// Nodes are made before what they hold, so that a schema may refer to itself.
class SchemaCompiler {
 public:
  SchemaCompiler(const Json& schema, JsonSchema& made) : schema_(schema), made_(made) {}

  const SchemaNode* at(const std::string& place) {
    if (const auto known = by_place_.find(place); known != by_place_.end()) return known->second;
    SchemaNode* node = fresh();
    by_place_[place] = node;
    const Json::json_pointer pointer(place);
    require<UsageError>(schema_.contains(pointer), "the schema refers to {}, which it has not", named(place));
    fill(*node, schema_[pointer], place);
    return node;
  }

 private:
  SchemaNode* fresh() { return made_.nodes_.emplace_back(std::make_unique<SchemaNode>()).get(); }

  static std::string named(const std::string& place) { return place.empty() ? "#" : "#" + place; }

  static std::string step(const std::string& place, const std::string& key) {
    return (Json::json_pointer(place) / key).to_string();
  }

  SchemaNode* literal(const Json& value) {
    SchemaNode* node = fresh();
    node->kind = SchemaNode::Kind::literal;
    node->text = value.dump();
    return node;
  }

  static int64_t limit(const Json& json, const std::string& key, int64_t fallback, const std::string& place) {
    if (!json.contains(key)) return fallback;
    require<UsageError>(json[key].is_number_integer() && json[key].get<int64_t>() >= 0,
                        "the schema at {}: {} must be a whole number from 0", named(place), key);
    return json[key].get<int64_t>();
  }

  void check_words(const Json& json, const std::string& place) const {
    static const std::set<std::string> known = {"type",
                                                "properties",
                                                "required",
                                                "items",
                                                "minItems",
                                                "maxItems",
                                                "minLength",
                                                "maxLength",
                                                "enum",
                                                "const",
                                                "anyOf",
                                                "oneOf",
                                                "$ref",
                                                "$defs",
                                                "definitions",
                                                "title",
                                                "description",
                                                "default",
                                                "examples",
                                                "$schema",
                                                "$id",
                                                "$comment",
                                                "additionalProperties"};
    for (const auto& [word, value] : json.items())
      require<UsageError>(known.contains(word),
                          "the schema at {} has '{}', which cannot be kept; there are {}", named(place), word,
                          fmt::join(known, ", "));
    if (json.contains("additionalProperties"))
      require<UsageError>(json["additionalProperties"].is_boolean(),
                          "the schema at {}: additionalProperties must be true or false", named(place));
  }

  void fill(SchemaNode& node, const Json& json, const std::string& place) {
    if (json.is_boolean() && json.get<bool>()) return;  // anything
    require<UsageError>(json.is_object(), "the schema at {} must be an object", named(place));
    check_words(json, place);
    if (json.contains("$ref")) return refer(node, json["$ref"], place);
    if (json.contains("enum") || json.contains("const")) return choose_literal(node, json, place);
    for (const char* word : {"anyOf", "oneOf"})
      if (json.contains(word)) return choose(node, json[word], step(place, word));
    if (!json.contains("type")) {
      if (json.contains("properties")) return fill_type(node, "object", json, place);
      if (json.contains("items")) return fill_type(node, "array", json, place);
      return;
    }
    const Json& type = json["type"];
    if (type.is_string()) return fill_type(node, type.get<std::string>(), json, place);
    require<UsageError>(type.is_array() && !type.empty(), "the schema at {}: type must be a word or several",
                        named(place));
    node.kind = SchemaNode::Kind::one_of;
    for (const Json& each : type) {
      require<UsageError>(each.is_string(), "the schema at {}: type must be words", named(place));
      SchemaNode* one = fresh();
      fill_type(*one, each.get<std::string>(), json, place);
      node.alternatives.push_back(one);
    }
  }

  void refer(SchemaNode& node, const Json& to, const std::string& place) {
    const bool within = to.is_string() && to.get<std::string>().starts_with("#");
    const auto target = within ? to.get<std::string>().substr(1) : "";
    require<UsageError>(within && (target.empty() || target.starts_with("/")),
                        "the schema at {}: $ref must begin with #/", named(place));
    node.kind = SchemaNode::Kind::one_of;
    node.alternatives = {at(target)};
  }

  void choose_literal(SchemaNode& node, const Json& json, const std::string& place) {
    node.kind = SchemaNode::Kind::one_of;
    if (json.contains("const")) return node.alternatives.push_back(literal(json["const"]));
    require<UsageError>(json["enum"].is_array() && !json["enum"].empty(),
                        "the schema at {}: enum must list values", named(place));
    for (const Json& value : json["enum"]) node.alternatives.push_back(literal(value));
  }

  void choose(SchemaNode& node, const Json& several, const std::string& place) {
    require<UsageError>(several.is_array() && !several.empty(), "the schema at {} must list schemas",
                        named(place));
    node.kind = SchemaNode::Kind::one_of;
    for (size_t i = 0; i < several.size(); ++i)
      node.alternatives.push_back(at(step(place, std::to_string(i))));
  }

  void fill_type(SchemaNode& node, const std::string& type, const Json& json, const std::string& place) {
    using Kind = SchemaNode::Kind;
    if (type == "null" || type == "boolean") {
      node.kind = Kind::one_of;
      if (type == "null") return node.alternatives.push_back(literal(Json()));
      return void(node.alternatives = {literal(true), literal(false)});
    }
    static const std::map<std::string, Kind> kinds = {{"string", Kind::string},
                                                      {"number", Kind::number},
                                                      {"integer", Kind::integer},
                                                      {"array", Kind::array},
                                                      {"object", Kind::object}};
    const auto kind = kinds.find(type);
    require<UsageError>(kind != kinds.end(), "the schema at {}: there is no type '{}'", named(place), type);
    node.kind = kind->second;
    if (node.kind == Kind::string) bound(node, json, "minLength", "maxLength", place);
    if (node.kind == Kind::array) {
      bound(node, json, "minItems", "maxItems", place);
      node.items = json.contains("items") ? at(step(place, "items")) : fresh();
    }
    if (node.kind == Kind::object && json.contains("properties")) fill_object(node, json, place);
    if (node.kind == Kind::object && !json.contains("properties"))
      require<UsageError>(!json.contains("required"),
                          "the schema at {} requires properties that it does not describe", named(place));
  }

  static void bound(SchemaNode& node, const Json& json, const char* least, const char* most,
                    const std::string& place) {
    node.least = limit(json, least, 0, place);
    node.most = limit(json, most, -1, place);
    require<UsageError>(node.most < 0 || node.least <= node.most, "the schema at {}: {} is above {}",
                        named(place), least, most);
  }

  void fill_object(SchemaNode& node, const Json& json, const std::string& place) {
    const Json& properties = json["properties"];
    require<UsageError>(properties.is_object(), "the schema at {}: properties must be an object",
                        named(place));
    std::set<std::string> required;
    for (const Json& name : json.value("required", Json::array())) {
      require<UsageError>(name.is_string() && properties.contains(name.get<std::string>()),
                          "the schema at {} requires {}, which is none of its properties", named(place),
                          name.dump());
      required.insert(name.get<std::string>());
    }
    require<UsageError>(properties.size() <= kMostProperties,
                        "the schema at {} has {} properties: at most {}", named(place), properties.size(),
                        kMostProperties);
    node.others = false;
    for (const auto& [name, value] : properties.items())
      node.properties.push_back(
          {literal(name), at(step(step(place, "properties"), name)), required.contains(name)});
  }

  const Json& schema_;
  JsonSchema& made_;
  std::map<std::string, const SchemaNode*> by_place_;
};

JsonSchema::JsonSchema(const Json& schema) {
  root_ = SchemaCompiler(schema, *this).at("");
}

}  // namespace conclave
