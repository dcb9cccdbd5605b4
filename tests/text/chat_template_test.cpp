// data/chat/expected.json was made by tests/parity/make_chat_templates.py with jinja2 3.1.6, set up as
// transformers does.
#include "framework/text/chat_template.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

const std::string kChatData = std::string(CONCLAVE_SOURCE_DIR) + "/tests/text/data/chat/";

/// 9 March 2026, 8:05 in the place where the test runs.
std::time_t now() {
  std::tm parts{};
  parts.tm_year = 126;
  parts.tm_mon = 2;
  parts.tm_mday = 9;
  parts.tm_hour = 8;
  parts.tm_min = 5;
  parts.tm_isdst = -1;
  return std::mktime(&parts);
}

std::string source_of(const Json& c) {
  if (c.contains("source")) return c["source"].get<std::string>();
  return read_file(kChatData + "templates/" + c["template"].get<std::string>() + ".jinja");
}

TEST(ChatTemplate, PrintsWhatJinjaPrints) {
  const Json cases = read_json(kChatData + "expected.json");
  ASSERT_GT(cases.size(), 130u);
  for (const auto& c : cases) {
    SCOPED_TRACE(c.contains("source") ? c["source"].dump() : c["template"].dump() + c["conversation"].dump());
    std::string text, error;
    try {
      text = ChatTemplate(source_of(c), "t").render(c["variables"], now());
    } catch (const DataError& e) {
      error = e.what();
    }
    EXPECT_EQ(error.empty(), !c.contains("error")) << error << c.value("error", "");
    EXPECT_EQ(text, c.value("text", ""));
  }
}

std::string error_of(const std::string& source, const Json& variables = Json::object(),
                     const ChatTemplate::Limits& limits = {}) {
  try {
    ChatTemplate(source, "t.jinja", limits).render(variables);
  } catch (const DataError& e) {
    return e.what();
  }
  return "no DataError";
}

void has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(ChatTemplate, WhatIsNotKnownIsNamedWithItsLine) {
  has(error_of("a\n\n{% include 'x' %}"), "t.jinja: line 3: the tag 'include' is not known");
  has(error_of("{{ 'a' | shout }}"), "line 1: the filter 'shout' is not known");
  has(error_of("\n{{ 1 is loud }}"), "line 2: the test 'loud' is not known");
  has(error_of("{{ 'a'.zfill(3) }}"), "the method 'zfill' of a string is not known");
  has(error_of("{{ [1].append(2) }}"), "the method 'append' of a list is not known");
  has(error_of("{{ {}.pop('a') }}"), "the method 'pop' of a mapping is not known");
  has(error_of("{{ f(1) }}"), "'f' is not known");
  has(error_of("{{ 2 ** 3 }}"), "'**'");
  has(error_of("{% for a in b recursive %}{% endfor %}"), "'recursive'");
  has(error_of("{{ 'a' | trim(chars='x', odd=1) }}"), "the filter 'trim' has arguments that are not known");
  has(error_of("{% if x %}\n{% for a in b %}"), "'endfor' is missing");
  has(error_of("{% break %}"), "outside of a loop");
  has(error_of("{{ a ? b }}"), "'?' is not known");
  has(error_of("{{ \n\n raise_exception('Take turns!') }}"), "line 3: the template refuses: Take turns!");
}

TEST(ChatTemplate, LimitsHold) {
  has(error_of("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"),
      "too many steps");
  has(error_of("{{ 'aaaaaaaa' * 999999999999 }}"), "too much text");
  has(error_of("{% set n = namespace(a='x') %}{% for i in range(99) %}{% set n.a = n.a ~ n.a %}{% endfor %}"),
      "too much text");
  has(error_of("{% set n = namespace(a='x') %}{% for i in range(99) %}{% set n.a = [n.a] %}{% endfor %}"),
      "nested more than");
  has(error_of(
          "{% set n = namespace(a='x') %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% endfor %}"),
      "a value holds more than");
  has(error_of("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), "call each other");
  has(error_of("{{ " + std::string(200, '(') + "1" + std::string(200, ')') + " }}"), "nested more than");
  has(error_of("{{ a" + std::string(500, '.') + " }}"), "a name is wanted");
  std::string chain = "{{ a";
  for (int i = 0; i < 1000; ++i) chain += ".b";
  has(error_of(chain + " }}"), "nested more than");
  has(error_of(std::string(100, 'a'), Json::object(), {.source_bytes = 10}), "the limit is 10");
}

TEST(ChatTemplate, ANamespaceMayHoldItself) {
  EXPECT_EQ(
      ChatTemplate("{% set n = namespace() %}{% set n.n = n %}{{ n.n.n == n }}", "t").render(Json::object()),
      "True");
}

TEST(ChatTemplate, WordsOfTheConversationAreNoTemplate) {
  const ChatTemplate t("{{ messages[0].content }}", "t");
  EXPECT_EQ(t.render({{"messages", {{{"content", "{{ 1 + 1 }}"}}}}}), "{{ 1 + 1 }}");
}

}  // namespace
}  // namespace conclave
