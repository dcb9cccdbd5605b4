#include "framework/text/json_constraint.h"

#include <algorithm>
#include <array>

namespace conclave {
namespace {

enum What : uint8_t { kValue, kLiteral, kString, kNumber, kArray, kObject, kColon };

constexpr int kMostBlanks = 16, kMostAlternatives = 64, kMostDigits = 15, kMostExponentDigits = 2;
constexpr size_t kMostDepth = 256;

bool is_blank(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

bool is_digit(uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

bool is_hex(uint8_t byte) {
  return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

// What any JSON is made of.
struct AnyNodes {
  SchemaNode any, string, number, array, object, yes, no, null, choice;
  AnyNodes() {
    using Kind = SchemaNode::Kind;
    string.kind = Kind::string, number.kind = Kind::number, array.kind = Kind::array,
    object.kind = Kind::object;
    array.items = &any;
    for (auto [node, text] : {std::pair{&yes, "true"}, {&no, "false"}, {&null, "null"}})
      node->kind = Kind::literal, node->text = text;
    choice.kind = Kind::one_of;
    choice.alternatives = {&string, &number, &array, &object, &yes, &no, &null};
  }
};

const AnyNodes& any_nodes() {
  static const AnyNodes nodes;
  return nodes;
}

// Phases of a string: its letters, an escape, four hexadecimal digits (the second of D8.. to DF.. would make
// half a pair), and what is left of a character of several bytes.
enum StringPhase : uint8_t {
  kLetters,
  kEscape,
  kHex1,
  kHex2,
  kHex3,
  kHex4,
  kHexLow,
  kTail1,
  kTail2,
  kTail3,
  kAfterE0,
  kAfterEd,
  kAfterF0,
  kAfterF4
};

// The phase behind the first byte of a character; 255: no character begins so.
uint8_t begin_character(uint8_t byte) {
  if (byte < 0x80) return kLetters;
  if (byte >= 0xc2 && byte <= 0xdf) return kTail1;
  if (byte == 0xe0) return kAfterE0;
  if (byte == 0xed) return kAfterEd;
  if (byte >= 0xe1 && byte <= 0xef) return kTail2;
  if (byte == 0xf0) return kAfterF0;
  if (byte >= 0xf1 && byte <= 0xf3) return kTail3;
  return byte == 0xf4 ? kAfterF4 : 255;
}

// The phase behind one more byte of a character; 255: it does not go on so.
uint8_t go_on_character(uint8_t phase, uint8_t byte) {
  struct Tail {
    uint8_t low, high, next;
  };
  static constexpr std::array<Tail, 7> kTails = {{{0x80, 0xbf, kLetters},
                                                  {0x80, 0xbf, kTail1},
                                                  {0x80, 0xbf, kTail2},
                                                  {0xa0, 0xbf, kTail1},
                                                  {0x80, 0x9f, kTail1},
                                                  {0x90, 0xbf, kTail2},
                                                  {0x80, 0x8f, kTail2}}};
  const Tail& tail = kTails[phase - kTail1];
  return byte >= tail.low && byte <= tail.high ? tail.next : 255;
}

enum NumberPhase : uint8_t { kStart, kMinus, kZero, kWhole, kDot, kFraction, kE, kSign, kExponent };

bool is_number(uint8_t phase) {
  return phase == kZero || phase == kWhole || phase == kFraction || phase == kExponent;
}

}  // namespace

JsonConstraint::JsonConstraint(std::shared_ptr<const JsonSchema> schema)
    : schema_(std::move(schema)), stacks_{{{&schema_->root(), kValue}}} {}

void JsonConstraint::open_value(Stack stack, const SchemaNode* node, uint8_t byte, std::vector<Stack>& next,
                                int depth) {
  if (depth > kMostAlternatives || stack.size() > kMostDepth) return;
  using Kind = SchemaNode::Kind;
  switch (node->kind) {
    case Kind::any:
      return open_value(std::move(stack), &any_nodes().choice, byte, next, depth + 1);
    case Kind::one_of:
      for (const SchemaNode* each : node->alternatives) open_value(stack, each, byte, next, depth + 1);
      return;
    case Kind::literal:
      stack.push_back({node, kLiteral});
      return step(std::move(stack), byte, next);
    case Kind::number:
    case Kind::integer:
      stack.push_back({node, kNumber});
      return step(std::move(stack), byte, next);
    case Kind::string:
      if (byte == '"') stack.push_back({node, kString}), next.push_back(std::move(stack));
      return;
    case Kind::array:
      if (byte == '[') stack.push_back({node, kArray}), next.push_back(std::move(stack));
      return;
    case Kind::object:
      if (byte == '{') stack.push_back({node, kObject}), next.push_back(std::move(stack));
      return;
  }
}

void JsonConstraint::step(Stack stack, uint8_t byte, std::vector<Stack>& next) {
  if (stack.empty()) return;
  Frame& top = stack.back();
  switch (top.what) {
    case kValue: {
      if (is_blank(byte)) return next.push_back(std::move(stack));
      const SchemaNode* node = top.node;
      stack.pop_back();
      return open_value(std::move(stack), node, byte, next, 0);
    }
    case kLiteral:
      if (static_cast<uint8_t>(top.node->text[static_cast<size_t>(top.count)]) != byte) return;
      if (++top.count == static_cast<int64_t>(top.node->text.size())) stack.pop_back();
      return next.push_back(std::move(stack));
    case kColon:
      if (byte == ':') stack.pop_back();
      if (byte == ':' || is_blank(byte)) next.push_back(std::move(stack));
      return;
    case kString:
      return step_string(std::move(stack), byte, next);
    case kNumber:
      return step_number(std::move(stack), byte, next);
    case kArray:
      return step_array(std::move(stack), byte, next);
    default:
      return step_object(std::move(stack), byte, next);
  }
}

void JsonConstraint::step_string(Stack stack, uint8_t byte, std::vector<Stack>& next) {
  Frame& top = stack.back();
  const SchemaNode& node = *top.node;
  uint8_t phase = 255;
  if (top.phase == kLetters) {
    if (byte == '"') {
      if (top.count < node.least) return;
      stack.pop_back();
      return next.push_back(std::move(stack));
    }
    if (byte < 0x20 || (node.most >= 0 && top.count >= node.most)) return;
    ++top.count;
    phase = byte == '\\' ? static_cast<uint8_t>(kEscape) : begin_character(byte);
  } else if (top.phase == kEscape) {
    const bool known = std::string_view("\"\\/bfnrt").find(static_cast<char>(byte)) != std::string_view::npos;
    phase = byte == 'u' ? kHex1 : known ? kLetters : 255;
  } else if (top.phase == kHexLow) {
    phase = byte >= '0' && byte <= '7' ? kHex3 : 255;
  } else if (top.phase <= kHex4) {
    if (!is_hex(byte)) return;
    const bool half = top.phase == kHex1 && (byte == 'd' || byte == 'D');
    phase = half                 ? static_cast<uint8_t>(kHexLow)
            : top.phase == kHex4 ? static_cast<uint8_t>(kLetters)
                                 : static_cast<uint8_t>(top.phase + 1);
  } else {
    phase = go_on_character(top.phase, byte);
  }
  if (phase == 255) return;
  top.phase = phase;
  next.push_back(std::move(stack));
}

void JsonConstraint::step_number(Stack stack, uint8_t byte, std::vector<Stack>& next) {
  Frame& top = stack.back();
  const bool whole = top.node->kind == SchemaNode::Kind::integer;
  uint8_t phase = 255;
  if (is_digit(byte)) {
    if (top.phase == kStart || top.phase == kMinus) phase = byte == '0' ? kZero : kWhole;
    if (top.phase == kWhole) phase = kWhole;
    if (top.phase == kDot || top.phase == kFraction) phase = kFraction;
    if (top.phase == kE || top.phase == kSign || top.phase == kExponent) phase = kExponent;
  } else if (byte == '-' && top.phase == kStart) {
    phase = kMinus;
  } else if (byte == '.' && !whole && (top.phase == kZero || top.phase == kWhole)) {
    phase = kDot;
  } else if ((byte == 'e' || byte == 'E') && !whole && is_number(top.phase) && top.phase != kExponent) {
    phase = kE;
  } else if ((byte == '+' || byte == '-') && top.phase == kE) {
    phase = kSign;
  }
  if (phase == 255) {
    if (!is_number(top.phase)) return;
    stack.pop_back();
    return step(std::move(stack), byte, next);  // of what holds the number
  }
  top.count = phase == top.phase ? top.count + 1 : 1;
  if (top.count > (phase == kExponent ? kMostExponentDigits : kMostDigits)) return;
  top.phase = phase;
  next.push_back(std::move(stack));
}

// Phases of arrays and objects: just opened, behind a value, behind a comma.
void JsonConstraint::step_array(Stack stack, uint8_t byte, std::vector<Stack>& next) {
  Frame& top = stack.back();
  const SchemaNode& node = *top.node;
  if (is_blank(byte) && top.phase < 2) return next.push_back(std::move(stack));
  if (byte == ']' && top.phase < 2) {
    if (top.count < node.least) return;
    stack.pop_back();
    return next.push_back(std::move(stack));
  }
  const bool more = node.most < 0 || top.count < node.most;
  if (!more) return;
  if (top.phase == 1) {
    if (byte != ',') return;
    top.phase = 2;
    return next.push_back(std::move(stack));
  }
  top.phase = 1;
  ++top.count;
  stack.push_back({node.items, kValue});
  step(std::move(stack), byte, next);
}

void JsonConstraint::step_object(Stack stack, uint8_t byte, std::vector<Stack>& next) {
  Frame& top = stack.back();
  const SchemaNode& node = *top.node;
  if (is_blank(byte)) return next.push_back(std::move(stack));
  const auto seen = [&](size_t property) { return (top.count >> property & 1) != 0; };
  bool left = node.others, needed = false;
  for (size_t i = 0; i < node.properties.size(); ++i) {
    left = left || !seen(i);
    needed = needed || (node.properties[i].required && !seen(i));
  }
  if (byte == '}' && top.phase < 2 && !needed) {
    stack.pop_back();
    return next.push_back(std::move(stack));
  }
  if (top.phase == 1) {
    if (byte != ',' || !left) return;
    top.phase = 2;
    return next.push_back(std::move(stack));
  }
  if (byte != '"') return;
  const auto push_property = [&](const SchemaNode* value, Frame key, int64_t bit) {
    Stack one = stack;
    one.back().phase = 1;
    one.back().count |= bit;
    one.push_back({value, kValue});
    one.push_back({nullptr, kColon});
    one.push_back(key);
    next.push_back(std::move(one));
  };
  if (node.others) return push_property(&any_nodes().any, {&any_nodes().string, kString}, 0);
  for (size_t i = 0; i < node.properties.size(); ++i)
    if (!seen(i))
      push_property(node.properties[i].value, {node.properties[i].key, kLiteral, 0, 1}, int64_t{1} << i);
}

bool JsonConstraint::push_byte(uint8_t byte) {
  const bool in_string = std::ranges::any_of(
      stacks_, [](const Stack& stack) { return !stack.empty() && stack.back().what == kString; });
  blanks_ = is_blank(byte) && !in_string ? blanks_ + 1 : 0;
  if (blanks_ > kMostBlanks) return false;
  std::vector<Stack> next;
  for (const Stack& stack : stacks_) step(stack, byte, next);
  stacks_.clear();
  for (Stack& stack : next)
    if (std::ranges::find(stacks_, stack) == stacks_.end()) stacks_.push_back(std::move(stack));
  return !stacks_.empty();
}

bool JsonConstraint::push(std::string_view bytes) {
  JsonConstraint tried = *this;
  for (const char byte : bytes)
    if (!tried.push_byte(static_cast<uint8_t>(byte))) return false;
  *this = std::move(tried);
  return true;
}

bool JsonConstraint::accepts(std::string_view bytes) const {
  return JsonConstraint(*this).push(bytes);
}

bool JsonConstraint::over() const {
  return std::ranges::all_of(stacks_, [](const Stack& stack) { return stack.empty(); });
}

bool JsonConstraint::complete() const {
  return std::ranges::any_of(stacks_, [](const Stack& stack) {
    return stack.empty() || (stack.size() == 1 && stack[0].what == kNumber && is_number(stack[0].phase));
  });
}

}  // namespace conclave
