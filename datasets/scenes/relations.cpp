#include "datasets/scenes/relations.h"

#include <algorithm>

#include "datasets/scenes/expression.h"

namespace conclave::scenes {

bool over(const Item& upper, const Item& lower) {
  return upper.bottom() <= lower.y;
}

namespace {

// Items never touch in the data: a gap of some units still looks like touching.
constexpr int kTouchingGap = 3;

}  // namespace

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

}  // namespace conclave::scenes
