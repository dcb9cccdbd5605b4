#include "framework/text/json_constraint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/random.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

JsonConstraint constraint(const char* schema) {
  return JsonConstraint(std::make_shared<JsonSchema>(Json::parse(schema)));
}

// Whether `text` can be whole, and whether it can only go on.
bool whole(const char* schema, const std::string& text) {
  auto c = constraint(schema);
  return c.push(text) && c.complete();
}
bool begins(const char* schema, const std::string& text) {
  return constraint(schema).accepts(text);
}

constexpr const char* kPerson = R"({"type": "object",
  "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 4}, "age": {"type": "integer"},
                 "tags": {"type": "array", "items": {"enum": ["a", "ab", 1]}, "maxItems": 2}},
  "required": ["name"]})";

TEST(JsonConstraint, ObjectsKeepToTheirProperties) {
  EXPECT_TRUE(whole(kPerson, R"({"name": "Zoë"})"));
  EXPECT_TRUE(whole(kPerson, R"({ "age":-12 , "tags": ["ab", 1], "name": "x" })"));
  EXPECT_TRUE(whole(kPerson, R"({"name":"x","tags":[]})"));
  EXPECT_FALSE(whole(kPerson, R"({"name": "x")"));
  EXPECT_TRUE(begins(kPerson, R"({"name": "x")"));
  for (const char* wrong :
       {R"({})", R"({"age": 1})", R"({"age": 1.)", R"({"name": "x", "name)", R"({"other)", R"({"name": "")",
        R"({"name": "12345)", R"({"name": "x",})", R"({"tags": ["c)", R"({"tags": ["a","a",)", R"([)", "{'",
        R"({"age": 01)", R"({"name": "x"} )", R"({"name": "x"}})"})
    EXPECT_FALSE(begins(kPerson, wrong)) << wrong;
}

TEST(JsonConstraint, Values) {
  EXPECT_TRUE(whole(R"({"type": "number"})", "-0.5e-12"));
  EXPECT_FALSE(whole(R"({"type": "number"})", "-"));
  EXPECT_FALSE(begins(R"({"type": "number"})", "1e999"));
  EXPECT_TRUE(whole(R"({"type": ["null", "boolean"]})", "false"));
  EXPECT_FALSE(begins(R"({"type": ["null", "boolean"]})", "1"));
  EXPECT_TRUE(whole(R"({"const": {"a": [1, null]}})", R"({"a":[1,null]})"));
  EXPECT_TRUE(whole(R"({"anyOf": [{"type": "string"}, {"type": "integer"}]})", "12"));
  EXPECT_TRUE(whole("{}", R"({"x": [true, {"y": "z"}, 1.5, null], "": ""})")) << "anything";
  EXPECT_FALSE(begins("true", R"({"x": [tru]})"));
  EXPECT_TRUE(whole(R"({"type": "object"})", R"({"any": 1})"));
  EXPECT_TRUE(whole(R"({"type": "object", "properties": {}})", "{ }"));
  EXPECT_FALSE(begins(R"({"type": "array", "minItems": 2})", "[1]"));
}

TEST(JsonConstraint, StringsAreUtf8) {
  const char* text = R"({"type": "string"})";
  EXPECT_TRUE(whole(text, "\"\xf0\x9f\x98\x80 \\u00e9 \\\" \\n\""));
  for (const char* wrong :
       {"\"\x01", "\"\xff", "\"\xc0\x80", "\"\xed\xa0\x80", "\"\xe4\"", "\"\\x", "\"\\ud8", "\"\\u12g"})
    EXPECT_FALSE(begins(text, wrong)) << wrong;
}

TEST(JsonConstraint, SchemasMayReferToThemselves) {
  const char* tree = R"({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object",
      "properties": {"v": {"type": "integer"}, "sub": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
      "required": ["v"]}}})";
  EXPECT_TRUE(whole(tree, R"({"v":1,"sub":[{"v":2},{"v":3,"sub":[]}]})"));
  EXPECT_FALSE(begins(tree, R"({"v":1,"sub":[{"sub":[]})"));
  EXPECT_FALSE(begins(R"({"$ref": "#"})", "1")) << "nothing but itself";
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += '[';
  EXPECT_FALSE(begins("{}", deep)) << "bounded";
}

TEST(JsonConstraint, WhatIsRefusedStaysUndone) {
  auto c = constraint(kPerson);
  EXPECT_TRUE(c.push("{\"na"));
  EXPECT_FALSE(c.push("x"));
  EXPECT_TRUE(c.push("me\":\"x\"}"));
  EXPECT_TRUE(c.complete());
  EXPECT_FALSE(c.accepts(" "));
}

TEST(JsonConstraint, BlanksAreBounded) {
  EXPECT_TRUE(begins(kPerson, "{" + std::string(16, ' ')));
  EXPECT_FALSE(begins(kPerson, "{" + std::string(17, '\n')));
  EXPECT_TRUE(whole(R"({"type": "string"})", "\"" + std::string(40, ' ') + "\""));
}

// Whatever is drawn from the letters that may come, the end is JSON of the schema.
TEST(JsonConstraint, RandomWalksEndInJsonOfTheSchema) {
  Random random(3);
  const std::string letters = "{}[]\",:abgensmt1-0.e ";
  for (int walk = 0; walk < 200; ++walk) {
    auto c = constraint(kPerson);
    std::string text;
    while (!c.complete() && text.size() < 4000) {
      std::string may;
      for (const char letter : letters)
        if (c.accepts({&letter, 1})) may += letter;
      ASSERT_FALSE(may.empty()) << text;
      const char chosen = may[random.below(may.size())];
      ASSERT_TRUE(c.push({&chosen, 1}));
      text += chosen;
    }
    const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    ASSERT_TRUE(json.is_object() && json.contains("name") && json["name"].is_string()) << text;
    for (const auto& [key, value] : json.items())
      EXPECT_TRUE(key == "name" || key == "age" || key == "tags") << text;
    if (json.contains("age")) EXPECT_TRUE(json["age"].is_number_integer()) << text;
  }
}

TEST(JsonSchema, WhatCannotBeKeptIsRefusedWithItsPlace) {
  const auto wrong = [](const char* schema) {
    try {
      JsonSchema made(Json::parse(schema));
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string("no UsageError");
  };
  EXPECT_THAT(wrong(R"({"properties": {"a/b": {"pattern": "x"}}})"),
              HasSubstr("#/properties/a~1b has 'pattern'"));
  EXPECT_THAT(wrong(R"({"type": "text"})"), HasSubstr("no type 'text'"));
  EXPECT_THAT(wrong(R"({"$ref": "#/$defs/x"})"), HasSubstr("#/$defs/x, which it has not"));
  EXPECT_THAT(wrong(R"({"$ref": "http://x"})"), HasSubstr("$ref must begin with #/"));
  EXPECT_THAT(wrong(R"({"type": "string", "minLength": 3, "maxLength": 2})"),
              HasSubstr("minLength is above"));
  EXPECT_THAT(wrong(R"({"type": "array", "maxItems": -1})"), HasSubstr("maxItems"));
  EXPECT_THAT(wrong(R"({"properties": {}, "required": ["a"]})"), HasSubstr("none of its properties"));
  EXPECT_THAT(wrong("[1]"), HasSubstr("must be an object"));
  EXPECT_THAT(wrong(R"({"enum": []})"), HasSubstr("enum"));
  EXPECT_THAT(wrong("false"), HasSubstr("must be an object"));
}

}  // namespace
}  // namespace conclave
