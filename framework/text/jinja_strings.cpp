#include "framework/text/jinja_strings.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/text/utf8.h"

namespace conclave::jinja {
namespace {

utf8proc_int32_t code_of(std::string_view character) {
  return static_cast<utf8proc_int32_t>(code_point(character, 0, character.size()));
}

void append_upper(std::string& to, std::string_view character) {
  if (character == "\xc3\x9f")  // the sharp s has no capital of its own
    to += "SS";
  else
    append_utf8(to, static_cast<char32_t>(utf8proc_toupper(code_of(character))));
}

bool is_cased(std::string_view character) {
  const auto c = code_of(character);
  return utf8proc_tolower(c) != c || utf8proc_toupper(c) != c;
}

size_t whole(const Value& value, const char* what, size_t otherwise) {
  if (value.is_none()) return otherwise;
  require<UsageError>(value.integer().has_value(), "{} wants an integer, not {}", what, value.kind());
  return *value.integer() < 0 ? otherwise : static_cast<size_t>(*value.integer());
}

/// The argument at a place, or by its name; none when it is not given.
Value argument(const Arguments& arguments, size_t place, const char* name) {
  if (place < arguments.values.size()) return arguments.values[place];
  for (const auto& [given, value] : arguments.named)
    if (given == name) return value;
  return None{};
}

const std::string& text_argument(const Value& value, const std::string& method) {
  require<UsageError>(value.string() != nullptr, "{} wants a string, not {}", method, value.kind());
  return *value.string();
}

/// Between white space, as split() without a separator.
List words(std::string_view text, size_t limit) {
  List list;
  std::string word;
  const auto all = characters(text);
  for (size_t i = 0; i < all.size(); ++i) {
    if (!is_space(code_point(all[i], 0, all[i].size()))) {
      if (word.empty() && list.size() == limit) {
        list.emplace_back(std::string(text.substr(static_cast<size_t>(all[i].data() - text.data()))));
        return list;
      }
      word += all[i];
    } else if (!word.empty()) {
      list.emplace_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) list.emplace_back(word);
  return list;
}

List split(std::string_view text, const Arguments& arguments, bool from_right) {
  const Value separator = argument(arguments, 0, "sep");
  const size_t limit = whole(argument(arguments, 1, "maxsplit"), "split", text.size() + 1);
  if (separator.is_none()) {
    require<UsageError>(!from_right || limit > text.size(), "rsplit without a separator knows no maxsplit");
    return words(text, limit);
  }
  const auto& by = text_argument(separator, "split");
  require<UsageError>(!by.empty(), "split: an empty separator");
  List list;
  if (from_right) {
    while (list.size() < limit) {
      const size_t at = text.rfind(by);
      if (at == text.npos) break;
      list.emplace_back(std::string(text.substr(at + by.size())));
      text = text.substr(0, at);
    }
    list.emplace_back(std::string(text));
    std::reverse(list.begin(), list.end());
    return list;
  }
  while (list.size() < limit) {
    const size_t at = text.find(by);
    if (at == text.npos) break;
    list.emplace_back(std::string(text.substr(0, at)));
    text = text.substr(at + by.size());
  }
  list.emplace_back(std::string(text));
  return list;
}

List lines_of(std::string_view text) {
  List list;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    list.emplace_back(std::string(text.substr(0, end)));
    const size_t skip = text.substr(end).starts_with("\r\n") ? 2 : end < text.size() ? 1 : 0;
    text = text.substr(end + skip);
  }
  return list;
}

bool has_end(const std::string& text, const Value& wanted, bool start, const std::string& method) {
  if (const auto* list = wanted.list())
    return std::any_of(list->begin(), list->end(),
                       [&](const Value& one) { return has_end(text, one, start, method); });
  const auto& end = text_argument(wanted, method);
  return start ? text.starts_with(end) : text.ends_with(end);
}

bool all_of_category(std::string_view text, bool digits, bool letters, bool spaces) {
  const auto all = characters(text);
  return !all.empty() && std::all_of(all.begin(), all.end(), [&](std::string_view c) {
    const auto category = utf8proc_category(code_of(c));
    const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    return (digits && category == UTF8PROC_CATEGORY_ND) || (letters && letter) ||
           (spaces && is_space(code_point(c, 0, c.size())));
  });
}

using Method = Value (*)(const std::string& text, const Arguments& arguments, const std::string& name,
                         Budget& budget);

Value find_method(const std::string& text, const Arguments& arguments, const std::string& name, Budget&) {
  const auto& wanted = text_argument(argument(arguments, 0, "sub"), name);
  const size_t at = name == "find" ? text.find(wanted) : text.rfind(wanted);
  return at == text.npos ? int64_t{-1}
                         : static_cast<int64_t>(characters(std::string_view(text).substr(0, at)).size());
}

Value count_method(const std::string& text, const Arguments& arguments, const std::string& name, Budget&) {
  const auto& wanted = text_argument(argument(arguments, 0, "sub"), name);
  if (wanted.empty()) return static_cast<int64_t>(characters(text).size() + 1);
  int64_t count = 0;
  for (size_t at = 0; (at = text.find(wanted, at)) != text.npos; at += wanted.size()) ++count;
  return count;
}

Value strip_method(const std::string& text, const Arguments& arguments, const std::string& name,
                   Budget& budget) {
  const Value chars = argument(arguments, 0, "chars");
  return budget.text(strip(text, chars.is_none() ? std::string() : text_argument(chars, name),
                           name != "rstrip", name != "lstrip"));
}

Value split_method(const std::string& text, const Arguments& arguments, const std::string& name,
                   Budget& budget) {
  budget.bytes(text.size());
  return budget.list(split(text, arguments, name == "rsplit"));
}

Value ends_method(const std::string& text, const Arguments& arguments, const std::string& name, Budget&) {
  return has_end(text, argument(arguments, 0, "prefix"), name == "startswith", name);
}

Value case_method(const std::string& text, const Arguments&, const std::string& name, Budget& budget) {
  if (name == "upper") return budget.text(upper_case(text));
  if (name == "lower") return budget.text(lower_case(text));
  if (name == "title") return budget.text(title_case(text));
  return budget.text(capitalized(text));
}

Value is_method(const std::string& text, const Arguments&, const std::string& name, Budget&) {
  return all_of_category(text, name == "isdigit" || name == "isalnum", name == "isalpha" || name == "isalnum",
                         name == "isspace");
}

Value replace_method(const std::string& text, const Arguments& arguments, const std::string& name,
                     Budget& budget) {
  const auto count = argument(arguments, 2, "count");
  return budget.text(replaced(text, text_argument(argument(arguments, 0, "old"), name),
                              text_argument(argument(arguments, 1, "new"), name),
                              count.integer().value_or(-1), budget));
}

Value join_method(const std::string& text, const Arguments& arguments, const std::string& name,
                  Budget& budget) {
  const Value all = argument(arguments, 0, "iterable");
  require<UsageError>(all.list() != nullptr, "join wants a list, not {}", all.kind());
  std::string joined;
  for (size_t i = 0; i < all.list()->size(); ++i) {
    if (i > 0) joined += text;
    joined += text_argument((*all.list())[i], name);
  }
  return budget.text(std::move(joined));
}

Value splitlines_method(const std::string& text, const Arguments& arguments, const std::string& name,
                        Budget& budget) {
  require<UsageError>(arguments.values.empty() && arguments.named.empty(), "{} knows no arguments", name);
  budget.bytes(text.size());
  return budget.list(lines_of(text));
}

constexpr std::pair<const char*, Method> kMethods[] = {
    {"strip", strip_method},   {"lstrip", strip_method},    {"rstrip", strip_method},
    {"split", split_method},   {"rsplit", split_method},    {"startswith", ends_method},
    {"endswith", ends_method}, {"upper", case_method},      {"lower", case_method},
    {"title", case_method},    {"capitalize", case_method}, {"replace", replace_method},
    {"find", find_method},     {"rfind", find_method},      {"count", count_method},
    {"isdigit", is_method},    {"isalpha", is_method},      {"isalnum", is_method},
    {"isspace", is_method},    {"join", join_method},       {"splitlines", splitlines_method}};

/// What Python's strings can do besides, so that it is told from a name that a string simply lacks.
constexpr const char* kOtherMethods[] = {
    "casefold",   "center",    "encode",       "expandtabs",   "format",       "format_map",  "index",
    "isascii",    "isdecimal", "isidentifier", "islower",      "isnumeric",    "isprintable", "istitle",
    "isupper",    "ljust",     "partition",    "removeprefix", "removesuffix", "rindex",      "rjust",
    "rpartition", "swapcase",  "translate",    "zfill"};

}  // namespace

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> all;
  for (size_t at = 0; at < text.size();) {
    const size_t length = next_utf8(text, at).length;
    all.push_back(text.substr(at, length));
    at += length;
  }
  return all;
}

std::string strip(std::string_view text, std::string_view chars, bool left, bool right) {
  const auto wanted = characters(chars);
  const auto goes = [&](std::string_view c) {
    // Python's strip also takes the four separators of ASCII.
    if (chars.empty())
      return is_space(code_point(c, 0, c.size())) || (c.size() == 1 && c[0] >= 0x1c && c[0] <= 0x1f);
    return std::find(wanted.begin(), wanted.end(), c) != wanted.end();
  };
  const auto all = characters(text);
  size_t from = 0, to = all.size();
  while (left && from < to && goes(all[from])) ++from;
  while (right && to > from && goes(all[to - 1])) --to;
  std::string rest;
  for (size_t i = from; i < to; ++i) rest += all[i];
  return rest;
}

std::string upper_case(std::string_view text) {
  std::string upper;
  for (const auto c : characters(text)) append_upper(upper, c);
  return upper;
}

std::string title_case(std::string_view text) {
  std::string title;
  bool inside = false;
  for (const auto c : characters(text)) {
    if (inside)
      title += lower_case(c);
    else
      append_upper(title, c);
    inside = is_cased(c);
  }
  return title;
}

std::string capitalized(std::string_view text) {
  std::string result;
  const auto all = characters(text);
  for (size_t i = 0; i < all.size(); ++i) {
    if (i == 0)
      append_upper(result, all[i]);
    else
      result += lower_case(all[i]);
  }
  return result;
}

std::string html_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      case '"':
        escaped += "&#34;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string replaced(std::string_view text, std::string_view old, std::string_view fresh, int64_t count,
                     Budget& budget) {
  require<UsageError>(!old.empty(), "replace: an empty text is to be replaced");
  std::string result;
  for (int64_t done = 0; count < 0 || done < count; ++done) {
    const size_t at = text.find(old);
    if (at == text.npos) break;
    budget.bytes(fresh.size());
    result += text.substr(0, at);
    result += fresh;
    text = text.substr(at + old.size());
  }
  result += text;
  return result;
}

Value repeated(const std::string& text, int64_t count, Budget& budget) {
  const auto times = static_cast<size_t>(std::max<int64_t>(count, 0));
  if (text.empty() || times == 0) return Value("");
  budget.bytes(times > SIZE_MAX / text.size() ? SIZE_MAX : times * text.size());
  std::string result;
  for (size_t i = 0; i < times; ++i) result += text;
  return result;
}

Value string_method(const Value& text, const std::string& name, Budget& budget) {
  for (const auto& [known, method] : kMethods) {
    if (name == known)
      return Function([text, name, method = method, &budget](const Arguments& arguments) {
        budget.step();
        return method(*text.string(), arguments, name, budget);
      });
  }
  for (const auto* method : kOtherMethods)
    require<UsageError>(name != method, "the method '{}' of a string is not known", name);
  return Undefined{name};
}

}  // namespace conclave::jinja
