/// Which letters may come next in JSON that keeps to a schema: what a model may say when a schema is asked
/// for.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "framework/text/json_schema.h"

namespace conclave {

/// A text that grows, byte by byte. Copies are cheap enough to try a token on.
class JsonConstraint {
 public:
  explicit JsonConstraint(std::shared_ptr<const JsonSchema> schema);
  /// False, and nothing changed, when no JSON of the schema goes on so. Numbers and strings are UTF-8 JSON as
  /// RFC 8259 has it; at most 16 blanks stand in a row.
  bool push(std::string_view bytes);
  bool accepts(std::string_view bytes) const;
  /// The text so far is whole. A number may be whole and go on.
  bool complete() const;
  /// Whole, and nothing more can come.
  bool over() const;

 private:
  /// One thing that is not finished; those that hold it lie below.
  struct Frame {
    const SchemaNode* node;
    uint8_t what;  ///< what is being read
    uint8_t phase = 0;
    int64_t count =
        0;  ///< of characters, digits or items; of an object a bit for each property that was seen
    bool operator==(const Frame&) const = default;
  };
  using Stack = std::vector<Frame>;
  static void step(Stack stack, uint8_t byte, std::vector<Stack>& next);
  static void open_value(Stack stack, const SchemaNode* node, uint8_t byte, std::vector<Stack>& next,
                         int depth);
  static void step_string(Stack stack, uint8_t byte, std::vector<Stack>& next);
  static void step_number(Stack stack, uint8_t byte, std::vector<Stack>& next);
  static void step_array(Stack stack, uint8_t byte, std::vector<Stack>& next);
  static void step_object(Stack stack, uint8_t byte, std::vector<Stack>& next);
  bool push_byte(uint8_t byte);

  std::shared_ptr<const JsonSchema> schema_;
  std::vector<Stack> stacks_;  ///< all ways in which the text can be read
  int blanks_ = 0;
};

}  // namespace conclave
