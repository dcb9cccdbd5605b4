#include "framework/text/jinja_lexer.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/text/utf8.h"

namespace conclave::jinja {
namespace {

using Kind = Token::Kind;

constexpr std::string_view kSigns[] = {"**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<",
                                       ">",  "=",  ".",  ",",  ":",  "|",  "(", ")", "[", "]", "{", "}"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Length of the white space at the beginning.
size_t leading_space(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto step = next_utf8(text, at);
    if (step.kind != Utf8Step::kValid || !is_space(code_point(text, at, step.length))) break;
    at += step.length;
  }
  return at;
}

std::string_view without_trailing_space(std::string_view text) {
  for (size_t at = text.size(); at > 0;) {
    --at;
    if ((static_cast<uint8_t>(text[at]) & 0xc0) == 0x80) continue;
    if (leading_space(text.substr(at)) != text.size() - at) break;
    text = text.substr(0, at);
  }
  return text;
}

class Lexer {
 public:
  Lexer(std::string source, const std::string& name) : source_(std::move(source)), name_(name) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const size_t begin = next_tag();
      text_until(begin);
      if (begin == source_.size()) break;
      at_ = begin;
      const char kind = source_[at_ + 1];
      advance(2);
      if (at_ < source_.size() && (source_[at_] == '-' || (source_[at_] == '+' && kind != '{'))) advance(1);
      if (kind == '#')
        comment();
      else
        words(kind == '{');
    }
    add(Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(name_, fmt::format("line {}", line_), what);
  }
  void add(Kind kind, std::string text) { tokens_.push_back({kind, std::move(text), line_}); }
  void advance(size_t count) {
    line_ +=
        static_cast<size_t>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                       source_.begin() + static_cast<std::ptrdiff_t>(at_ + count), '\n'));
    at_ += count;
  }
  bool starts(std::string_view wanted) const {
    return std::string_view(source_).substr(at_).starts_with(wanted);
  }

  size_t next_tag() const {
    for (size_t at = at_; (at = source_.find('{', at)) != source_.npos; ++at) {
      const char next = at + 1 < source_.size() ? source_[at + 1] : 0;
      if (next == '{' || next == '%' || next == '#') return at;
    }
    return source_.size();
  }

  /// Text up to a tag. White space before it goes when the tag says so or, before a block or comment, when
  /// nothing else stands on its line.
  void text_until(size_t begin) {
    std::string_view text = std::string_view(source_).substr(at_, begin - at_);
    if (begin < source_.size()) {
      const char kind = source_[begin + 1], sign = begin + 2 < source_.size() ? source_[begin + 2] : '\0';
      if (sign == '-') {
        text = without_trailing_space(text);
      } else if (kind != '{' && sign != '+') {
        const size_t line_begin = text.rfind('\n') == text.npos ? 0 : text.rfind('\n') + 1;
        const auto rest = text.substr(line_begin);
        if ((line_begin > 0 || line_starts_) && leading_space(rest) == rest.size())
          text = text.substr(0, line_begin);
      }
    }
    if (!text.empty()) add(Kind::kText, std::string(text));
    advance(begin - at_);
  }

  /// After a tag: "-" takes all white space, and a block or comment one line's end.
  void close(bool strips, bool trims) {
    const size_t from = at_;
    if (strips)
      advance(leading_space(std::string_view(source_).substr(at_)));
    else if (trims && at_ < source_.size() && source_[at_] == '\n')
      advance(1);
    line_starts_ = at_ > from && source_[at_ - 1] == '\n';
  }

  void comment() {
    const size_t end = source_.find("#}", at_);
    if (end == source_.npos) fail("a comment does not end");
    const char sign = end > at_ ? source_[end - 1] : '\0';
    advance(end + 2 - at_);
    close(sign == '-', sign != '+');
  }

  void words(bool prints) {
    add(prints ? Kind::kPrint : Kind::kTag, "");
    const std::string_view end = prints ? "}}" : "%}";
    size_t open = 0;  // brackets, inside which "}}" may end two of them
    for (;;) {
      advance(leading_space(std::string_view(source_).substr(at_)));
      if (at_ >= source_.size()) fail(prints ? "'{{' has no '}}'" : "'{%' has no '%}'");
      const bool strips =
          open == 0 && source_[at_] == '-' && std::string_view(source_).substr(at_ + 1).starts_with(end);
      const bool keeps = open == 0 && !prints && source_[at_] == '+' &&
                         std::string_view(source_).substr(at_ + 1).starts_with(end);
      if (strips || keeps || (open == 0 && starts(end))) {
        add(prints ? Kind::kPrintEnd : Kind::kTagEnd, "");
        advance(end.size() + (strips || keeps ? 1 : 0));
        return close(strips, !prints && !keeps);
      }
      word(open);
    }
  }

  void word(size_t& open) {
    const char c = source_[at_];
    if (is_letter(c)) return name();
    if (is_digit(c)) return number();
    if (c == '"' || c == '\'') return string(c);
    for (const auto sign : kSigns) {
      if (!starts(sign)) continue;
      if (c == '(' || c == '[' || c == '{') ++open;
      if ((c == ')' || c == ']' || c == '}') && open > 0) --open;
      add(Kind::kSign, std::string(sign));
      return advance(sign.size());
    }
    fail(fmt::format("'{}' is not known",
                     std::string_view(source_).substr(at_, next_utf8(source_, at_).length)));
  }

  void name() {
    size_t end = at_;
    while (end < source_.size() && (is_letter(source_[end]) || is_digit(source_[end]))) ++end;
    add(Kind::kName, source_.substr(at_, end - at_));
    advance(end - at_);
  }

  void number() {
    size_t end = at_;
    const auto digits = [&] {
      while (end < source_.size() && is_digit(source_[end])) ++end;
    };
    digits();
    const bool fraction = end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1]);
    if (fraction) {
      ++end;
      digits();
    }
    size_t exponent = end;
    if (exponent < source_.size() && (source_[exponent] == 'e' || source_[exponent] == 'E')) {
      ++exponent;
      if (exponent < source_.size() && (source_[exponent] == '+' || source_[exponent] == '-')) ++exponent;
    }
    const bool scaled = exponent > end && exponent < source_.size() && is_digit(source_[exponent]);
    if (scaled) {
      end = exponent;
      digits();
    }
    if (end - at_ > 18)
      fail(fmt::format("the number {} has more than 18 digits", source_.substr(at_, end - at_)));
    add(fraction || scaled ? Kind::kFloat : Kind::kInteger, source_.substr(at_, end - at_));
    advance(end - at_);
  }

  void string(char quote) {
    std::string text;
    size_t at = at_ + 1;
    for (; at < source_.size() && source_[at] != quote; ++at) {
      if (source_[at] != '\\') {
        text += source_[at];
        continue;
      }
      if (++at >= source_.size()) break;
      at = escape(at, text);
    }
    if (at >= source_.size()) fail("a string does not end");
    add(Kind::kString, std::move(text));
    advance(at + 1 - at_);
  }

  /// What stands behind a backslash at `at`, as in Python; returns its last place.
  size_t escape(size_t at, std::string& text) const {
    constexpr std::pair<char, char> kPlain[] = {{'n', '\n'},  {'t', '\t'}, {'r', '\r'}, {'\\', '\\'},
                                                {'\'', '\''}, {'"', '"'},  {'b', '\b'}, {'f', '\f'},
                                                {'v', '\v'},  {'a', '\a'}};
    const char c = source_[at];
    for (const auto& [letter, meaning] : kPlain) {
      if (c == letter) {
        text += meaning;
        return at;
      }
    }
    if (c == '\n') return at;
    const size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) {  // Python leaves what it does not know
      text += '\\';
      text += c;
      return at;
    }
    char32_t value = 0;
    for (size_t i = 1; i <= digits; ++i) {
      const char digit = at + i < source_.size() ? source_[at + i] : '\0';
      const bool low = digit >= 'a' && digit <= 'f', high = digit >= 'A' && digit <= 'F';
      if (!is_digit(digit) && !low && !high)
        fail(fmt::format("'\\{}' wants {} hexadecimal digits", c, digits));
      value = value * 16 +
              static_cast<char32_t>(is_digit(digit) ? digit - '0' : (low ? digit - 'a' : digit - 'A') + 10);
    }
    if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) fail("an escape is no Unicode character");
    append_utf8(text, value);
    return at + digits;
  }

  std::string source_;
  const std::string& name_;
  size_t at_ = 0, line_ = 1;
  bool line_starts_ = true;
  std::vector<Token> tokens_;
};

/// Line ends as "\n", without the last one.
std::string with_plain_lines(std::string_view source) {
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r')
      text += source[i];
    else if (i + 1 >= source.size() || source[i + 1] != '\n')
      text += '\n';
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace

std::vector<Token> lex(std::string_view source, const std::string& name) {
  return Lexer(with_plain_lines(replace_broken_utf8(source)), name).run();
}

}  // namespace conclave::jinja
