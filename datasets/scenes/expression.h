/// What a statement means: a small expression over a scene, written as an s-expression.
///
/// Every expression is a predicate at a place: a scene, a box of it, or an item of a box. Counting and `all`
/// range over the items of the box at hand, or over the whole scene where there is none.
///
///   item     (color C) (shape S) (size N) (touch SIDE) (corner CORNER) (top) (base) (level Q) (middle)
///            (above P) (below P) (on P) (under P) (near P) (between P) (inbox B)
///   counting (count Q P) (all P) (same FEATURE Q P) (different FEATURE Q P)
///   box      (run Q P) (extreme least|most B)
///   boxes    (boxes Q B) (share KEY Q B)
///   logic    (and ...) (or ...) (not P) (true)
///   number Q (eq N) (ge N) (le N) (gt N) (lt N)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::scenes {

enum class Op : uint8_t {
  kTrue,
  kAnd,
  kOr,
  kNot,
  kColor,
  kShape,
  kSize,
  kTouch,
  kCorner,
  kTop,
  kBase,
  kLevel,
  kMiddle,
  kAbove,
  kBelow,
  kOn,
  kUnder,
  kNear,
  kBetween,
  kInBox,
  kCount,
  kAll,
  kRun,
  kSame,
  kDifferent,
  kBoxes,
  kShare,
  kExtreme,
  kEq,
  kGe,
  kLe,
  kGt,
  kLt,
  kValue,     ///< a number or a named value such as `yellow`, in `value`
  kArgument,  ///< $1, $2, ... of a grammar rule, in `value`
};

/// Named values of the arguments that are no numbers.
enum Side { kAnySide, kBottomSide, kTopSide, kLeftSide, kRightSide, kUprightSide };
enum CornerPlace { kAnyCorner, kBottomRight, kBottomLeft, kTopRight, kTopLeft, kRightCorner, kLeftCorner };
enum Feature { kColorFeature, kShapeFeature, kSizeFeature };
enum Key { kBaseColor, kTopColor, kSecondColor, kItemCount, kColorSequence, kColorSet };
enum Extreme { kLeast, kMost };

struct Expression {
  Op op = Op::kTrue;
  int value = 0;
  std::vector<Expression> args;
  bool operator==(const Expression&) const = default;
};

/// Reads an s-expression; throws UsageError that quotes the part it does not know.
Expression parse_expression(std::string_view text);
std::string to_string(const Expression& expression);

/// Throws UsageError that quotes the part which asks for an item or a box where there is none, or lacks an
/// argument.
void check_places(const Expression& statement);

}  // namespace conclave::scenes
