/// What a template consists of once it is parsed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "framework/text/jinja_value.h"

namespace conclave::jinja {

struct Expression {
  enum class Kind {
    kConstant,
    kName,       // text
    kList,       // parts; text "tuple" where it is written (a, b)
    kDict,       // parts: key, value, key, value
    kAttribute,  // parts[0].text
    kItem,       // parts[0][parts[1]]
    kSlice,      // parts[0][parts[1]:parts[2]:parts[3]], null where nothing stands
    kCall,       // parts[0](arguments)
    kFilter,     // parts[0] | text(arguments)
    kTest,       // parts[0] is text(arguments)
    kNot,
    kNegate,
    kPlus,
    kAnd,
    kOr,
    kBinary,   // parts[0] text parts[1]
    kCompare,  // parts[0] words[0] parts[1] words[1] parts[2] ...
    kChoice,   // parts[1] if parts[0] else parts[2]
  };
  Kind kind = Kind::kConstant;
  size_t line = 1;
  size_t depth = 1;  ///< of the tree below
  std::string text;
  Value constant;
  std::vector<std::unique_ptr<Expression>> parts;
  std::vector<std::string> words;
  std::vector<std::unique_ptr<Expression>> arguments;
  std::vector<std::pair<std::string, std::unique_ptr<Expression>>> named;
};
using ExpressionPtr = std::unique_ptr<Expression>;

struct Statement;
using Block = std::vector<Statement>;

struct Statement {
  enum class Kind {
    kText,     // text
    kPrint,    // expression
    kIf,       // expression, body, otherwise
    kFor,      // targets in expression [if condition], body, otherwise
    kSet,      // targets = expression; or text (of a namespace).targets[0]
    kCapture,  // targets = the output of body
    kMacro,    // text(targets with defaults), body
    kBreak,
    kContinue,
    kBody,  // body alone
  };
  Kind kind = Kind::kText;
  size_t line = 1;
  std::string text;
  ExpressionPtr expression, condition;
  std::vector<std::string> targets;
  std::vector<ExpressionPtr> defaults;  // of the last parameters
  Block body, otherwise;
};

/// Throws DataError that names what is not known, and its line.
Block parse(std::string_view source, const std::string& name);

}  // namespace conclave::jinja
