#include "framework/base/config_object.h"

#include <gtest/gtest.h>

#include <functional>

namespace conclave {
namespace {

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const UsageError& e) {
    return e.what();
  }
  return "no error";
}

TEST(ConfigObject, ReadsAndNamesWhatIsWrong) {
  const Json json =
      parse_json(R"({"width": 8, "rate": 1, "name": "a", "none": null, "part": {"x": 1}})", "t");
  ConfigObject c(json, "model");
  EXPECT_EQ(c.need<int64_t>("width"), 8);
  EXPECT_EQ(c.get("rate", 0.5), 1.0);
  EXPECT_EQ(c.get("none", 3), 3);
  EXPECT_EQ(c.get("absent", 4), 4);
  EXPECT_EQ(c.part("part").size(), 1u);
  EXPECT_EQ(c.part("absent").size(), 0u);
  EXPECT_EQ(message([&] { c.finish(); }).substr(0, 31), "model.name = \"a\": unknown key (");
  EXPECT_EQ(message([&] { c.one_of("name", {"b", "c"}); }), "model.name = \"a\": must be one of b, c");
  EXPECT_EQ(message([&] { c.need<int64_t>("depth"); }), "model.depth is missing");
  EXPECT_EQ(message([&] { c.need<std::string>("width"); }), "model.width = 8 has the wrong type");
  EXPECT_EQ(message([&] { c.get("width", false); }), "model.width = 8 has the wrong type");
  EXPECT_EQ(message([&] { c.need_integer("width", 9); }), "model.width = 8: must be at least 9");
  EXPECT_EQ(message([&] { ConfigObject list(Json::array(), "list"); }), "list must be an object, not []");
  c.finish();
}

TEST(ConfigObject, FractionIsNoInteger) {
  const Json json = parse_json(R"({"heads": 2.5})", "t");
  ConfigObject c(json, "");
  EXPECT_EQ(message([&] { c.need_integer("heads"); }), "heads = 2.5 has the wrong type");
}

}  // namespace
}  // namespace conclave
