/// Cuts a template into texts and the words of its tags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave::jinja {

struct Token {
  enum class Kind {
    kText,      ///< stands in the output as it is
    kPrint,     ///< {{
    kPrintEnd,  ///< }}
    kTag,       ///< {%
    kTagEnd,    ///< %}
    kName,
    kString,
    kInteger,
    kFloat,
    kSign,  ///< operators and brackets
    kEnd
  };
  Kind kind = Kind::kEnd;
  std::string text;
  size_t line = 1;
};

/// With trim_blocks and lstrip_blocks on, as transformers renders chat templates. Throws DataError with the
/// line.
std::vector<Token> lex(std::string_view source, const std::string& name);

}  // namespace conclave::jinja
