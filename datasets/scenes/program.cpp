#include "datasets/scenes/program.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

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

struct Value {
  std::string_view name;
  int value;
};
constexpr Value kValues[] = {{"yellow", static_cast<int>(Color::kYellow)},
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
    const auto* found = std::ranges::find(kValues, name, &Value::name);
    require<UsageError>(found != std::end(kValues), "expression \"{}\": no value \"{}\"", text_, name);
    return {Op::kValue, found->value, {}};
  }
  std::string_view text_;
  size_t at_ = 0;
};

// A place in a scene; -1 where no box or item is meant.
struct Place {
  const Scene* scene;
  int wall_gap;
  int box = -1, item = -1;
  Place in(int other_box, int other_item = -1) const { return {scene, wall_gap, other_box, other_item}; }
  const Box& items() const { return (*scene)[static_cast<size_t>(box)]; }
  const Item& it() const { return items()[static_cast<size_t>(item)]; }
};

bool at(const Expression& e, const Place& place);

bool fits(const Expression& q, int count) {
  const int n = q.args[0].value;
  switch (q.op) {
    case Op::kEq:
      return count == n;
    case Op::kGe:
      return count >= n;
    case Op::kLe:
      return count <= n;
    case Op::kGt:
      return count > n;
    case Op::kLt:
      return count < n;
    case Op::kNot:
      return !fits(q.args[0], count);
    default:
      throw UsageError("expression: \"" + to_string(q) + "\" is no number condition");
  }
}

/// Calls `visit` for every item in the box at hand, or in the scene.
template <class Visit>
void each_item(const Place& place, Visit visit) {
  const int from = place.box < 0 ? 0 : place.box, to = place.box < 0 ? kBoxes : place.box + 1;
  for (int box = from; box < to; ++box)
    for (int item = 0; item < static_cast<int>((*place.scene)[static_cast<size_t>(box)].size()); ++item)
      visit(place.in(box, item));
}

/// Calls `visit` for every other item of the same box.
template <class Visit>
bool any_other(const Place& place, Visit visit) {
  for (int other = 0; other < static_cast<int>(place.items().size()); ++other)
    if (other != place.item && visit(place.in(place.box, other))) return true;
  return false;
}

bool over(const Item& upper, const Item& lower) {
  return upper.bottom() <= lower.y;
}

/// Whether no third item of the box stands between the two in height.
bool next_over(const Place& upper, const Place& lower) {
  return over(upper.it(), lower.it()) && !any_other(upper, [&](const Place& third) {
           return third.item != lower.item && over(upper.it(), third.it()) && over(third.it(), lower.it());
         });
}

// Items never touch in the data: a gap of some units still looks like touching.
constexpr int kTouchingGap = 3;
bool near(const Item& a, const Item& b) {
  const int gap_x = std::max(a.x - b.right(), b.x - a.right());
  const int gap_y = std::max(a.y - b.bottom(), b.y - a.bottom());
  return std::max(gap_x, gap_y) <= kTouchingGap;
}

bool touches(const Item& item, int side, int gap) {
  switch (side) {
    case kBottomSide:
      return item.bottom() >= kBoxSide - gap;
    case kTopSide:
      return item.y <= gap;
    case kLeftSide:
      return item.x <= gap;
    case kRightSide:
      return item.right() >= kBoxSide - gap;
    case kUprightSide:
      return touches(item, kLeftSide, gap) || touches(item, kRightSide, gap);
    default:
      return touches(item, kBottomSide, gap) || touches(item, kTopSide, gap) ||
             touches(item, kUprightSide, gap);
  }
}

bool in_corner(const Item& item, int corner, int gap) {
  const bool low = touches(item, kBottomSide, gap), high = touches(item, kTopSide, gap);
  const bool left = touches(item, kLeftSide, gap), right = touches(item, kRightSide, gap);
  switch (corner) {
    case kBottomRight:
      return low && right;
    case kBottomLeft:
      return low && left;
    case kTopRight:
      return high && right;
    case kTopLeft:
      return high && left;
    case kRightCorner:
      return (low || high) && right;
    case kLeftCorner:
      return (low || high) && left;
    default:
      return (low || high) && (left || right);
  }
}

/// How many items of the box stand wholly below this one: the base block of a tower has none.
int below_count(const Place& place) {
  int count = 0;
  any_other(place, [&](const Place& other) {
    count += over(place.it(), other.it());
    return false;
  });
  return count;
}

int feature_of(const Item& item, int feature) {
  switch (feature) {
    case kColorFeature:
      return static_cast<int>(item.color);
    case kShapeFeature:
      return static_cast<int>(item.shape);
    default:
      return item.size / 10 - 1;
  }
}

std::vector<int> from_base(const Box& box) {
  std::vector<int> order(box.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::ranges::stable_sort(order, [&](int a, int b) {
    return box[static_cast<size_t>(a)].bottom() > box[static_cast<size_t>(b)].bottom();
  });
  return order;
}

int longest_run(const Place& place, const Expression& p) {
  int longest = 0, run = 0;
  for (const int item : from_base(place.items())) {
    run = at(p, place.in(place.box, item)) ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

/// A number equal for two boxes just when they agree in `key`; -1 when the box has no such thing.
int key_of(const Box& box, int key) {
  const std::vector<int> order = from_base(box);
  const auto color = [&](size_t i) {
    return i < order.size() ? static_cast<int>(box[static_cast<size_t>(order[i])].color) : -1;
  };
  int code = 0;
  switch (key) {
    case kBaseColor:
      return color(0);
    case kTopColor:
      return order.empty() ? -1 : color(order.size() - 1);
    case kSecondColor:
      return color(1);
    case kItemCount:
      return static_cast<int>(box.size());
    case kColorSet:
      for (const Item& item : box) code |= 1 << static_cast<int>(item.color);
      return code;
    default:
      for (size_t i = 0; i < order.size(); ++i) code = code * 4 + color(i) + 1;
      return code;
  }
}

std::array<int, 3> feature_counts(const Expression& e, const Place& place) {
  std::array<int, 3> counts{};
  each_item(place, [&](const Place& item) {
    if (at(e.args[2], item)) ++counts[static_cast<size_t>(feature_of(item.it(), e.args[0].value))];
  });
  return counts;
}

bool extreme(const Expression& e, const Place& place) {
  const size_t own = place.items().size();
  return std::ranges::all_of(*place.scene, [&](const Box& box) {
    return e.args[0].value == kLeast ? own <= box.size() : own >= box.size();
  });
}

bool shared(const Expression& e, const Place& place) {
  int largest = 0;
  std::array<int, kBoxes> keys{};
  for (int box = 0; box < kBoxes; ++box) {
    const bool in = at(e.args[2], place.in(box));
    keys[static_cast<size_t>(box)] =
        in ? key_of((*place.scene)[static_cast<size_t>(box)], e.args[0].value) : -1;
  }
  for (const int key : keys)
    if (key >= 0) largest = std::max(largest, static_cast<int>(std::ranges::count(keys, key)));
  return fits(e.args[1], largest);
}

bool between(const Expression& e, const Place& place) {
  const bool upper =
      any_other(place, [&](const Place& o) { return next_over(o, place) && at(e.args[0], o); });
  return upper && any_other(place, [&](const Place& o) { return next_over(place, o) && at(e.args[0], o); });
}

bool at(const Expression& e, const Place& place) {
  const auto value = [&] { return e.args[0].value; };
  const auto related = [&](auto relation) {
    return any_other(place, [&](const Place& o) { return relation(o) && at(e.args[0], o); });
  };
  switch (e.op) {
    case Op::kTrue:
      return true;
    case Op::kAnd:
      return std::ranges::all_of(e.args, [&](const Expression& a) { return at(a, place); });
    case Op::kOr:
      return std::ranges::any_of(e.args, [&](const Expression& a) { return at(a, place); });
    case Op::kNot:
      return !at(e.args[0], place);
    case Op::kColor:
      return static_cast<int>(place.it().color) == value();
    case Op::kShape:
      return static_cast<int>(place.it().shape) == value();
    case Op::kSize:
      return place.it().size == value();
    case Op::kTouch:
      return touches(place.it(), value(), place.wall_gap);
    case Op::kCorner:
      return in_corner(place.it(), value(), place.wall_gap);
    case Op::kTop:
      return !any_other(place, [&](const Place& o) { return o.it().y < place.it().y; });
    case Op::kBase:
      return !any_other(place, [&](const Place& o) { return o.it().bottom() > place.it().bottom(); });
    case Op::kLevel:
      return fits(e.args[0], below_count(place) + 1);
    case Op::kMiddle: {
      const int below = below_count(place);
      return below > 0 && below + 1 < static_cast<int>(place.items().size());
    }
    case Op::kAbove:
      return related([&](const Place& o) { return over(place.it(), o.it()); });
    case Op::kBelow:
      return related([&](const Place& o) { return over(o.it(), place.it()); });
    case Op::kOn:
      return related([&](const Place& o) { return next_over(place, o); });
    case Op::kUnder:
      return related([&](const Place& o) { return next_over(o, place); });
    case Op::kNear:
      return related([&](const Place& o) { return near(place.it(), o.it()); });
    case Op::kBetween:
      return between(e, place);
    case Op::kInBox:
      return at(e.args[0], place.in(place.box));
    case Op::kCount: {
      int count = 0;
      each_item(place, [&](const Place& item) { count += at(e.args[1], item); });
      return fits(e.args[0], count);
    }
    case Op::kAll: {
      bool all = true;
      each_item(place, [&](const Place& item) { all = all && at(e.args[0], item); });
      return all;
    }
    case Op::kRun:
      return fits(e.args[0], longest_run(place, e.args[1]));
    case Op::kSame:
      return fits(e.args[1], std::ranges::max(feature_counts(e, place)));
    case Op::kDifferent: {
      const auto counts = feature_counts(e, place);
      return fits(e.args[1],
                  static_cast<int>(counts.size() - static_cast<size_t>(std::ranges::count(counts, 0))));
    }
    case Op::kBoxes: {
      int count = 0;
      for (int box = 0; box < kBoxes; ++box) count += at(e.args[1], place.in(box));
      return fits(e.args[0], count);
    }
    case Op::kShare:
      return shared(e, place);
    case Op::kExtreme:
      return extreme(e, place) && at(e.args[1], place);
    default:
      throw UsageError("expression: \"" + to_string(e) + "\" is no predicate");
  }
}

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

bool holds(const Expression& statement, const Scene& scene, int wall_gap) {
  return at(statement, Place{&scene, wall_gap});
}

bool holds_at(const Expression& predicate, const Scene& scene, int box, int item) {
  return at(predicate, Place{&scene, kWallGap, box, item});
}

}  // namespace conclave::scenes
