#include <algorithm>
#include <charconv>

#include "framework/base/error.h"
#include "framework/text/jinja_lexer.h"
#include "framework/text/jinja_syntax.h"

namespace conclave::jinja {
namespace {

using Kind = Token::Kind;
using Op = Expression::Kind;

constexpr size_t kDepth = 100;

class Parser {
 public:
  Parser(std::vector<Token> tokens, const std::string& name) : tokens_(std::move(tokens)), name_(name) {}

  Block run() {
    Block block = body({});
    if (token().kind != Kind::kEnd) fail(fmt::format("'{}' ends nothing", peek_tag()));
    return block;
  }

 private:
  /// Counts how deep the parser has called itself.
  class Deeper {
   public:
    explicit Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kDepth) parser_.fail(fmt::format("nested more than {} deep", kDepth));
    }
    ~Deeper() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(name_, fmt::format("line {}", token().line), what);
  }
  const Token& token(size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  std::string shown() const {
    switch (token().kind) {
      case Kind::kPrintEnd:
        return "}}";
      case Kind::kTagEnd:
        return "%}";
      case Kind::kEnd:
        return "the end";
      default:
        return token().text;
    }
  }
  bool is_sign(std::string_view sign) const { return token().kind == Kind::kSign && token().text == sign; }
  bool is_name(std::string_view name) const { return token().kind == Kind::kName && token().text == name; }
  bool take_sign(std::string_view sign) {
    if (!is_sign(sign)) return false;
    ++at_;
    return true;
  }
  bool take_name(std::string_view name) {
    if (!is_name(name)) return false;
    ++at_;
    return true;
  }
  void want_sign(std::string_view sign) {
    if (!take_sign(sign)) fail(fmt::format("'{}' is wanted, not '{}'", sign, shown()));
  }
  std::string want_name() {
    if (token().kind != Kind::kName) fail(fmt::format("a name is wanted, not '{}'", shown()));
    return tokens_[at_++].text;
  }
  void want_end(Kind end) {
    if (token().kind != end)
      fail(fmt::format("'{}' is not known here ('{}' is wanted)", shown(),
                       end == Kind::kTagEnd ? "%}" : "}}"));
    ++at_;
  }

  std::string peek_tag() const { return token().kind == Kind::kTag ? token(1).text : std::string(); }

  /// Up to a tag of `ends`, which is left standing.
  Block body(const std::vector<std::string>& ends) {
    const Deeper deeper(*this);
    Block block;
    for (;;) {
      if (token().kind == Kind::kEnd) {
        if (!ends.empty()) fail(fmt::format("'{}' is missing", ends.back()));
        return block;
      }
      if (token().kind == Kind::kText) {
        Statement text = statement(Statement::Kind::kText);
        text.text = tokens_[at_++].text;
        block.push_back(std::move(text));
      } else if (token().kind == Kind::kPrint) {
        Statement print = statement(Statement::Kind::kPrint);
        ++at_;
        print.expression = tuple();
        want_end(Kind::kPrintEnd);
        block.push_back(std::move(print));
      } else {
        const auto tag = peek_tag();
        if (std::find(ends.begin(), ends.end(), tag) != ends.end()) return block;
        if (tag.starts_with("end") || tag == "else" || tag == "elif") return block;  // the caller's to judge
        block.push_back(tag_statement());
      }
    }
  }
  Statement statement(Statement::Kind kind) const {
    Statement s;
    s.kind = kind;
    s.line = token().line;
    return s;
  }
  /// The tag that ends a block: {% name %}.
  void end_tag(const std::string& name) {
    if (peek_tag() != name) {
      ++at_;
      fail(fmt::format("'{}' is wanted, not '{}'", name, shown()));
    }
    at_ += 2;
    want_end(Kind::kTagEnd);
  }

  Statement tag_statement() {
    ++at_;
    const std::string tag = want_name();
    if (tag == "if") return if_statement();
    if (tag == "for") return for_statement();
    if (tag == "set") return set_statement();
    if (tag == "macro") return macro_statement();
    if (tag == "break" || tag == "continue") {
      if (loops_ == 0) fail(fmt::format("'{}' stands outside of a loop", tag));
      Statement s = statement(tag == "break" ? Statement::Kind::kBreak : Statement::Kind::kContinue);
      want_end(Kind::kTagEnd);
      return s;
    }
    if (tag == "generation") {  // marks what a model said, for training
      Statement s = statement(Statement::Kind::kBody);
      want_end(Kind::kTagEnd);
      s.body = body({"endgeneration"});
      end_tag("endgeneration");
      return s;
    }
    --at_;
    fail(fmt::format("the tag '{}' is not known (known: if, for, set, macro, break, continue, generation)",
                     tag));
  }

  Statement if_statement() {
    const Deeper deeper(*this);
    Statement s = statement(Statement::Kind::kIf);
    s.expression = tuple();
    want_end(Kind::kTagEnd);
    s.body = body({"elif", "else", "endif"});
    if (peek_tag() == "elif") {
      at_ += 2;
      s.otherwise.push_back(if_statement());
      return s;  // the inner one took the endif
    }
    if (peek_tag() == "else") {
      end_tag("else");
      s.otherwise = body({"endif"});
    }
    end_tag("endif");
    return s;
  }

  std::vector<std::string> targets() {
    std::vector<std::string> names;
    const bool bracket = take_sign("(");
    do names.push_back(want_name());
    while (take_sign(",") && token().kind == Kind::kName);
    if (bracket) want_sign(")");
    return names;
  }

  Statement for_statement() {
    Statement s = statement(Statement::Kind::kFor);
    s.targets = targets();
    if (!take_name("in")) fail(fmt::format("'in' is wanted, not '{}'", shown()));
    s.expression = tuple(false);
    if (take_name("if")) s.condition = expression();
    if (is_name("recursive")) fail("'recursive' is not known");
    want_end(Kind::kTagEnd);
    ++loops_;
    s.body = body({"else", "endfor"});
    --loops_;
    if (peek_tag() == "else") {
      end_tag("else");
      s.otherwise = body({"endfor"});
    }
    end_tag("endfor");
    return s;
  }

  Statement set_statement() {
    Statement s = statement(Statement::Kind::kSet);
    if (token().kind == Kind::kName && token(1).text == "." && token(1).kind == Kind::kSign) {
      s.text = want_name();
      ++at_;
      s.targets.push_back(want_name());
    } else {
      s.targets = targets();
    }
    if (take_sign("=")) {
      s.expression = tuple();
      want_end(Kind::kTagEnd);
      return s;
    }
    if (is_sign("|")) fail("filters of a 'set' block are not known");
    s.kind = Statement::Kind::kCapture;
    want_end(Kind::kTagEnd);
    s.body = body({"endset"});
    end_tag("endset");
    return s;
  }

  Statement macro_statement() {
    Statement s = statement(Statement::Kind::kMacro);
    s.text = want_name();
    want_sign("(");
    while (!take_sign(")")) {
      if (!s.targets.empty()) want_sign(",");
      s.targets.push_back(want_name());
      if (take_sign("="))
        s.defaults.push_back(expression());
      else if (!s.defaults.empty())
        fail(fmt::format("the parameter '{}' has no default behind one that has", s.targets.back()));
    }
    want_end(Kind::kTagEnd);
    const size_t loops = std::exchange(loops_, 0);
    s.body = body({"endmacro"});
    loops_ = loops;
    if (peek_tag() == "endmacro" && token(2).kind == Kind::kName)
      tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(at_) + 2);
    end_tag("endmacro");
    return s;
  }

  ExpressionPtr node(Op kind, std::string text = {}) const {
    auto e = std::make_unique<Expression>();
    e->kind = kind;
    e->line = token().line;
    e->text = std::move(text);
    return e;
  }
  template <class... Parts>
  ExpressionPtr node_of(Op kind, std::string text, Parts... parts) const {
    auto e = node(kind, std::move(text));
    (e->parts.push_back(std::move(parts)), ...);
    for (const auto& part : e->parts) e->depth = std::max(e->depth, part ? part->depth + 1 : 1);
    if (e->depth > kDepth) fail(fmt::format("an expression is nested more than {} deep", kDepth));
    return e;
  }
  ExpressionPtr constant(Value value) const {
    auto e = node(Op::kConstant);
    e->constant = std::move(value);
    return e;
  }

  /// An expression, or several with commas between as a list.
  ExpressionPtr tuple(bool conditional = true) {
    auto first = conditional ? expression() : either();
    if (!is_sign(",")) return first;
    auto list = node_of(Op::kList, "tuple", std::move(first));
    while (take_sign(",")) {
      if (token().kind == Kind::kTagEnd || token().kind == Kind::kPrintEnd || is_sign(")")) break;
      list->parts.push_back(conditional ? expression() : either());
    }
    return list;
  }

  ExpressionPtr expression() {
    const Deeper deeper(*this);
    auto value = either();
    while (take_name("if")) {
      auto condition = either();
      ExpressionPtr other;
      if (take_name("else"))
        other = expression();
      else
        other = constant(Undefined{"the value of an 'if' without 'else'"});
      value = node_of(Op::kChoice, "", std::move(condition), std::move(value), std::move(other));
    }
    return value;
  }
  ExpressionPtr either() {
    auto left = both();
    while (take_name("or")) left = node_of(Op::kOr, "", std::move(left), both());
    return left;
  }
  ExpressionPtr both() {
    auto left = negation();
    while (take_name("and")) left = node_of(Op::kAnd, "", std::move(left), negation());
    return left;
  }
  ExpressionPtr negation() {
    const Deeper deeper(*this);
    if (take_name("not")) return node_of(Op::kNot, "", negation());
    return comparison();
  }
  ExpressionPtr comparison() {
    auto left = sum();
    ExpressionPtr chain;
    for (;;) {
      std::string word;
      for (const auto* sign : {"==", "!=", "<=", ">=", "<", ">"})
        if (word.empty() && take_sign(sign)) word = sign;
      if (word.empty() && take_name("in")) word = "in";
      if (word.empty() && is_name("not") && token(1).kind == Kind::kName && token(1).text == "in") {
        at_ += 2;
        word = "not in";
      }
      if (word.empty()) return chain ? std::move(chain) : std::move(left);
      if (!chain) chain = node_of(Op::kCompare, "", std::move(left));
      chain->words.push_back(word);
      chain->parts.push_back(sum());
    }
  }
  template <class Next>
  ExpressionPtr operators(std::initializer_list<const char*> signs, const Next& next) {
    auto left = next();
    for (;;) {
      std::string sign;
      for (const auto* s : signs)
        if (sign.empty() && take_sign(s)) sign = s;
      if (sign.empty()) return left;
      auto right = next();
      left = node_of(Op::kBinary, sign, std::move(left), std::move(right));
    }
  }
  ExpressionPtr sum() {
    return operators({"+", "-"}, [&] { return concatenation(); });
  }
  ExpressionPtr concatenation() {
    return operators({"~"}, [&] { return product(); });
  }
  ExpressionPtr product() {
    return operators({"*", "/", "//", "%"}, [&] { return power(); });
  }
  ExpressionPtr power() {
    auto value = unary(true);
    if (is_sign("**")) fail("the operator '**' is not known");
    return value;
  }
  ExpressionPtr unary(bool with_filters) {
    const Deeper deeper(*this);
    ExpressionPtr value;
    if (take_sign("-"))
      value = node_of(Op::kNegate, "", unary(false));
    else if (take_sign("+"))
      value = node_of(Op::kPlus, "", unary(false));
    else
      value = primary();
    value = postfix(std::move(value));
    return with_filters ? filters(std::move(value)) : std::move(value);
  }

  ExpressionPtr primary() {
    const Token& t = token();
    switch (t.kind) {
      case Kind::kName: {
        ++at_;
        if (t.text == "true" || t.text == "True") return constant(true);
        if (t.text == "false" || t.text == "False") return constant(false);
        if (t.text == "none" || t.text == "None") return constant(None{});
        return node(Op::kName, t.text);
      }
      case Kind::kString: {
        std::string text;
        while (token().kind == Kind::kString) text += tokens_[at_++].text;
        return constant(std::move(text));
      }
      case Kind::kInteger: {
        ++at_;
        int64_t value = 0;
        std::from_chars(t.text.data(), t.text.data() + t.text.size(), value);
        return constant(value);
      }
      case Kind::kFloat: {
        ++at_;
        double value = 0;
        std::from_chars(t.text.data(), t.text.data() + t.text.size(), value);
        return constant(value);
      }
      default:
        break;
    }
    if (take_sign("(")) {
      if (take_sign(")")) return node(Op::kList, "tuple");
      auto value = tuple();
      want_sign(")");
      return value;
    }
    if (take_sign("[")) return sequence(Op::kList, "]");
    if (take_sign("{")) return sequence(Op::kDict, "}");
    fail(fmt::format("a value is wanted, not '{}'", shown()));
  }
  ExpressionPtr sequence(Op kind, std::string_view end) {
    auto list = node(kind);
    while (!take_sign(end)) {
      if (!list->parts.empty()) {
        want_sign(",");
        if (take_sign(end)) break;
      }
      list->parts.push_back(expression());
      if (kind == Op::kDict) {
        want_sign(":");
        list->parts.push_back(expression());
      }
    }
    return list;
  }

  ExpressionPtr postfix(ExpressionPtr value) {
    for (;;) {
      if (take_sign(".")) {
        if (token().kind == Kind::kInteger)
          value = node_of(Op::kItem, "", std::move(value), primary());
        else
          value = node_of(Op::kAttribute, want_name(), std::move(value));
      } else if (take_sign("[")) {
        value = subscript(std::move(value));
      } else if (is_sign("(")) {
        value = call(std::move(value));
      } else {
        return value;
      }
    }
  }
  ExpressionPtr subscript(ExpressionPtr value) {
    ExpressionPtr bounds[3];
    size_t colons = 0;
    while (!take_sign("]")) {
      if (take_sign(":")) {
        if (++colons > 2) fail("a slice has at most two colons");
      } else if (bounds[colons]) {
        fail(fmt::format("']' is wanted, not '{}'", shown()));
      } else {
        bounds[colons] = expression();
      }
    }
    if (colons == 0) {
      if (!bounds[0]) fail("an index is missing");
      return node_of(Op::kItem, "", std::move(value), std::move(bounds[0]));
    }
    return node_of(Op::kSlice, "", std::move(value), std::move(bounds[0]), std::move(bounds[1]),
                   std::move(bounds[2]));
  }
  ExpressionPtr call(ExpressionPtr callee) {
    auto e = node_of(Op::kCall, "", std::move(callee));
    arguments(*e);
    return e;
  }
  void arguments(Expression& e) {
    want_sign("(");
    bool first = true;
    while (!take_sign(")")) {
      if (!first) {
        want_sign(",");
        if (take_sign(")")) break;
      }
      first = false;
      if (is_sign("*") || is_sign("**")) fail(fmt::format("arguments behind '{}' are not known", shown()));
      if (token().kind == Kind::kName && token(1).kind == Kind::kSign && token(1).text == "=") {
        const auto name = want_name();
        ++at_;
        e.named.emplace_back(name, expression());
      } else {
        if (!e.named.empty()) fail("an argument without name stands behind one with a name");
        e.arguments.push_back(expression());
      }
    }
  }

  ExpressionPtr filters(ExpressionPtr value) {
    for (;;) {
      if (take_sign("|")) {
        value = node_of(Op::kFilter, want_name(), std::move(value));
        if (is_sign("(")) arguments(*value);
      } else if (take_name("is")) {
        const bool negated = take_name("not");
        value = node_of(Op::kTest, want_name(), std::move(value));
        test_argument(*value);
        if (negated) value = node_of(Op::kNot, "", std::move(value));
      } else if (is_sign("(")) {
        value = call(std::move(value));
      } else {
        return value;
      }
    }
  }
  /// `is divisibleby 3` or `is divisibleby(3)`.
  void test_argument(Expression& test) {
    if (is_sign("(")) return arguments(test);
    const auto kind = token().kind;
    const bool word = kind == Kind::kName && !is_name("else") && !is_name("or") && !is_name("and") &&
                      !is_name("is") && !is_name("if") && !is_name("in") && !is_name("not");
    if (word || kind == Kind::kString || kind == Kind::kInteger || kind == Kind::kFloat || is_sign("[") ||
        is_sign("{"))
      test.arguments.push_back(postfix(primary()));
  }

  std::vector<Token> tokens_;
  const std::string& name_;
  size_t at_ = 0, depth_ = 0, loops_ = 0;
};

}  // namespace

Block parse(std::string_view source, const std::string& name) {
  return Parser(lex(source, name), name).run();
}

}  // namespace conclave::jinja
