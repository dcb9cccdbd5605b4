/// What JSON a schema describes, as a graph that a text can be checked against letter by letter.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

struct SchemaNode {
  enum class Kind : uint8_t { any, one_of, literal, string, number, integer, array, object };
  struct Property {
    const SchemaNode* key = nullptr;  ///< a literal
    const SchemaNode* value = nullptr;
    bool required = false;
  };
  Kind kind = Kind::any;
  std::vector<const SchemaNode*> alternatives;  ///< of one_of
  std::string text;                             ///< of a literal, as JSON spells it
  int64_t least = 0, most = -1;                 ///< characters or items; most < 0: no limit
  const SchemaNode* items = nullptr;
  std::vector<Property> properties;
  bool others = true;  ///< of an object: properties that are not listed
};

/// A compiled JSON Schema. Read are `type` (one or several), `properties`, `required`, `items`, `minItems`,
/// `maxItems`, `minLength`, `maxLength`, `enum`, `const`, `anyOf`, `oneOf`, and `$ref` within the schema;
/// words that only describe are passed over. Objects have properties that are listed, each once at most, in
/// any order; an object without `properties` may have any. Throws UsageError that names the place of any
/// other keyword: it would not be kept.
class JsonSchema {
 public:
  explicit JsonSchema(const Json& schema);
  const SchemaNode& root() const { return *root_; }

 private:
  friend class SchemaCompiler;
  std::vector<std::unique_ptr<SchemaNode>> nodes_;
  const SchemaNode* root_ = nullptr;
};

}  // namespace conclave
