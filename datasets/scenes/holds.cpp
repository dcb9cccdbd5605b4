#include "datasets/scenes/holds.h"

#include <algorithm>
#include <array>

#include "datasets/scenes/relations.h"
#include "framework/base/error.h"

namespace conclave::scenes {
namespace {

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

/// Whether no third item of the box stands between the two in height.
bool next_over(const Place& upper, const Place& lower) {
  return over(upper.it(), lower.it()) && !any_other(upper, [&](const Place& third) {
           return third.item != lower.item && over(upper.it(), third.it()) && over(third.it(), lower.it());
         });
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

int longest_run(const Place& place, const Expression& p) {
  int longest = 0, run = 0;
  for (const int item : from_base(place.items())) {
    run = at(p, place.in(place.box, item)) ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
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

}  // namespace

bool holds(const Expression& statement, const Scene& scene, int wall_gap) {
  return at(statement, Place{&scene, wall_gap});
}

bool holds_at(const Expression& predicate, const Scene& scene, int box, int item) {
  return at(predicate, Place{&scene, kWallGap, box, item});
}

}  // namespace conclave::scenes
