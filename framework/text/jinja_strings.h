/// Python's string methods.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/text/jinja_functions.h"

namespace conclave::jinja {

/// The characters of valid UTF-8.
std::vector<std::string_view> characters(std::string_view text);
/// Without any of `chars` at its ends; of white space when `chars` is empty.
std::string strip(std::string_view text, std::string_view chars, bool left, bool right);
std::string upper_case(std::string_view text);
std::string title_case(std::string_view text);
std::string capitalized(std::string_view text);
std::string html_escaped(std::string_view text);
/// The first `count` places of `old`, all when negative.
std::string replaced(std::string_view text, std::string_view old, std::string_view fresh, int64_t count,
                     Budget& budget);
Value repeated(const std::string& text, int64_t count, Budget& budget);
/// text.name, ready to be called; undefined when strings have none. UsageError for one of Python's others.
Value string_method(const Value& text, const std::string& name, Budget& budget);

}  // namespace conclave::jinja
