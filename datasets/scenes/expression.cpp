#include "datasets/scenes/expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "datasets/scenes/scene.h"
#include "framework/base/error.h"

namespace conclave::scenes {
namespace {

struct Word {
  std::string_view name;
  Op op;
};
constexpr Word kOps[] = {{"true", Op::kTrue},
                         {"and", Op::kAnd},
                         {"or", Op::kOr},
                         {"not", Op::kNot},
                         {"color", Op::kColor},
                         {"shape", Op::kShape},
                         {"size", Op::kSize},
                         {"touch", Op::kTouch},
                         {"corner", Op::kCorner},
                         {"top", Op::kTop},
                         {"base", Op::kBase},
                         {"level", Op::kLevel},
                         {"middle", Op::kMiddle},
                         {"above", Op::kAbove},
                         {"below", Op::kBelow},
                         {"on", Op::kOn},
                         {"under", Op::kUnder},
                         {"near", Op::kNear},
                         {"between", Op::kBetween},
                         {"inbox", Op::kInBox},
                         {"count", Op::kCount},
                         {"all", Op::kAll},
                         {"run", Op::kRun},
                         {"same", Op::kSame},
                         {"different", Op::kDifferent},
                         {"boxes", Op::kBoxes},
                         {"share", Op::kShare},
                         {"extreme", Op::kExtreme},
                         {"eq", Op::kEq},
                         {"ge", Op::kGe},
                         {"le", Op::kLe},
                         {"gt", Op::kGt},
                         {"lt", Op::kLt}};

struct NamedValue {
  std::string_view name;
  int value;
};
constexpr NamedValue kValues[] = {{"yellow", static_cast<int>(Color::kYellow)},
                                  {"black", static_cast<int>(Color::kBlack)},
                                  {"blue", static_cast<int>(Color::kBlue)},
                                  {"circle", static_cast<int>(Shape::kCircle)},
                                  {"square", static_cast<int>(Shape::kSquare)},
                                  {"triangle", static_cast<int>(Shape::kTriangle)},
                                  {"any", kAnySide},
                                  {"bottom", kBottomSide},
                                  {"roof", kTopSide},
                                  {"left", kLeftSide},
                                  {"right", kRightSide},
                                  {"upright", kUprightSide},
                                  {"any-corner", kAnyCorner},
                                  {"bottom-right", kBottomRight},
                                  {"bottom-left", kBottomLeft},
                                  {"top-right", kTopRight},
                                  {"top-left", kTopLeft},
                                  {"right-corner", kRightCorner},
                                  {"left-corner", kLeftCorner},
                                  {"hue", kColorFeature},
                                  {"form", kShapeFeature},
                                  {"extent", kSizeFeature},
                                  {"base-color", kBaseColor},
                                  {"top-color", kTopColor},
                                  {"second-color", kSecondColor},
                                  {"item-count", kItemCount},
                                  {"color-sequence", kColorSequence},
                                  {"color-set", kColorSet},
                                  {"least", kLeast},
                                  {"most", kMost}};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  Expression whole() {
    Expression out = one();
    skip();
    require<UsageError>(at_ == text_.size(), "expression: \"{}\" follows its end", text_.substr(at_));
    return out;
  }

 private:
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  std::string_view word() {
    const size_t from = at_;
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '(' && text_[at_] != ')') ++at_;
    return text_.substr(from, at_ - from);
  }
  Expression one() {
    skip();
    require<UsageError>(at_ < text_.size() && text_[at_] != ')', "expression \"{}\" ends too early", text_);
    if (text_[at_] != '(') return leaf(word());
    ++at_;
    const std::string_view name = word();
    const auto* found = std::ranges::find(kOps, name, &Word::name);
    require<UsageError>(found != std::end(kOps), "expression \"{}\": no operation \"{}\"", text_, name);
    Expression out{found->op, 0, {}};
    for (skip(); at_ < text_.size() && text_[at_] != ')'; skip()) out.args.push_back(one());
    require<UsageError>(at_ < text_.size(), "expression \"{}\" lacks a closing bracket", text_);
    ++at_;
    return out;
  }
  Expression leaf(std::string_view name) const {
    const bool argument = name.starts_with('$');
    const std::string_view digits = argument ? name.substr(1) : name;
    int number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc() && end == digits.data() + digits.size())
      return {argument ? Op::kArgument : Op::kValue, number, {}};
    const auto* found = std::ranges::find(kValues, name, &NamedValue::name);
    require<UsageError>(found != std::end(kValues), "expression \"{}\": no value \"{}\"", text_, name);
    return {Op::kValue, found->value, {}};
  }
  std::string_view text_;
  size_t at_ = 0;
};

enum class Level { kScene, kBox, kItem };

/// What an operation needs: the level it is asked at, its arguments, and the level of its last argument.
struct Demand {
  Level least;
  size_t args;
  Level inner;  // of the last argument where it is a predicate
  bool predicate;
};

Demand demand_of(Op op) {
  switch (op) {
    case Op::kTrue:
      return {Level::kScene, 0, Level::kScene, false};
    case Op::kTop:
    case Op::kBase:
    case Op::kMiddle:
      return {Level::kItem, 0, Level::kItem, false};
    case Op::kColor:
    case Op::kShape:
    case Op::kSize:
    case Op::kTouch:
    case Op::kCorner:
    case Op::kLevel:
      return {Level::kItem, 1, Level::kItem, false};
    case Op::kAbove:
    case Op::kBelow:
    case Op::kOn:
    case Op::kUnder:
    case Op::kNear:
    case Op::kBetween:
      return {Level::kItem, 1, Level::kItem, true};
    case Op::kInBox:
      return {Level::kItem, 1, Level::kBox, true};
    case Op::kCount:
      return {Level::kScene, 2, Level::kItem, true};
    case Op::kAll:
      return {Level::kScene, 1, Level::kItem, true};
    case Op::kRun:
      return {Level::kBox, 2, Level::kItem, true};
    case Op::kSame:
    case Op::kDifferent:
      return {Level::kScene, 3, Level::kItem, true};
    case Op::kBoxes:
      return {Level::kScene, 2, Level::kBox, true};
    case Op::kShare:
      return {Level::kScene, 3, Level::kBox, true};
    case Op::kExtreme:
      return {Level::kBox, 2, Level::kBox, true};
    default:
      return {Level::kItem, SIZE_MAX, Level::kItem, false};
  }
}

void check_places(const Expression& e, Level level) {
  const auto fail = [&](std::string_view what) {
    throw UsageError(fmt::format("expression: \"{}\" {}", to_string(e), what));
  };
  if (e.op == Op::kAnd || e.op == Op::kOr || e.op == Op::kNot) {
    if (e.op == Op::kNot ? e.args.size() != 1 : e.args.empty()) fail("has the wrong number of arguments");
    for (const Expression& arg : e.args) check_places(arg, level);
    return;
  }
  const Demand demand = demand_of(e.op);
  if (e.args.size() != demand.args) fail("has the wrong number of arguments");
  if (level < demand.least)
    fail(demand.least == Level::kItem ? "asks for an item where there is none"
                                      : "asks for a box where there is none");
  if (demand.predicate) check_places(e.args.back(), demand.inner);
}

}  // namespace

Expression parse_expression(std::string_view text) {
  return Reader(text).whole();
}

std::string to_string(const Expression& e) {
  if (e.op == Op::kValue) return std::to_string(e.value);
  if (e.op == Op::kArgument) return "$" + std::to_string(e.value);
  std::string out = "(" + std::string(std::ranges::find(kOps, e.op, &Word::op)->name);
  for (const Expression& arg : e.args) out += " " + to_string(arg);
  return out + ")";
}

void check_places(const Expression& statement) {
  check_places(statement, Level::kScene);
}

}  // namespace conclave::scenes
