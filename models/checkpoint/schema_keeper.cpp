#include "models/checkpoint/schema_keeper.h"

#include <algorithm>
#include <array>
#include <limits>

#include "framework/base/error.h"

namespace conclave {

SchemaKeeper::SchemaKeeper(std::shared_ptr<const JsonSchema> schema, const PublishedText& text)
    : text_(text), constraint_(std::move(schema)), bytes_(static_cast<size_t>(text.tokenizer.size())) {
  const Tokenizer& tokenizer = text.tokenizer;
  for (int64_t id = 0; id < tokenizer.size(); ++id)
    if (tokenizer.has(id) && !tokenizer.is_special(id)) bytes_[static_cast<size_t>(id)] = tokenizer.bytes(id);
}

void SchemaKeeper::forbid(std::span<float> logits) const {
  // Most tokens are settled by their first byte.
  std::array<bool, 256> first{};
  for (int byte = 0; byte < 256; ++byte) {
    const char letter = static_cast<char>(byte);
    first[static_cast<size_t>(byte)] = constraint_.accepts({&letter, 1});
  }
  bool any = false;
  for (size_t id = 0; id < logits.size(); ++id) {
    const bool stop = std::ranges::find(text_.stop, static_cast<int64_t>(id)) != text_.stop.end();
    const std::string_view bytes = id < bytes_.size() ? std::string_view(bytes_[id]) : std::string_view();
    const bool may = stop ? constraint_.complete()
                          : !bytes.empty() && first[static_cast<uint8_t>(bytes[0])] &&
                                (bytes.size() == 1 || constraint_.accepts(bytes));
    if (!may) logits[id] = -std::numeric_limits<float>::infinity();
    any = any || may;
  }
  require(any, "no token of the vocabulary goes on with JSON of the schema");
}

}  // namespace conclave
