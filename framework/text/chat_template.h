/// Conversations as the text that a model was trained on: the part of Jinja that published chat templates
/// use.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "framework/base/json.h"

namespace conclave {

/// Immutable, safe to share between threads.
class ChatTemplate {
 public:
  struct Limits {
    size_t source_bytes = 1 << 18;
    size_t steps = 2'000'000;
    size_t output_bytes = size_t{256} << 20;  ///< of all texts that are made on the way
  };

  /// Throws DataError that names what is not known, and its line. `name` stands in the messages.
  ChatTemplate(std::string_view source, std::string name, const Limits& limits);
  ChatTemplate(std::string_view source, std::string name) : ChatTemplate(source, std::move(name), Limits()) {}

  /// What the template prints for `variables`: "messages", "add_generation_prompt", "bos_token", "tools", ...
  /// Throws DataError with the line, also where the template itself refuses the messages.
  std::string render(const Json& variables, std::time_t now = std::time(nullptr)) const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
  std::string name_;
  Limits limits_;
};

}  // namespace conclave
