/// Which tokens keep a reply within a JSON schema.
#pragma once

#include <span>

#include "framework/text/json_constraint.h"
#include "framework/text/published_text.h"

namespace conclave {

class SchemaKeeper {
 public:
  /// `text` outlives it.
  SchemaKeeper(std::shared_ptr<const JsonSchema> schema, const PublishedText& text);
  /// Sets the logits of tokens that cannot come next to minus infinity; a stop may come when the JSON is
  /// whole. Throws Error when no token can come.
  void forbid(std::span<float> logits) const;
  void take(int64_t token) { constraint_.push(bytes_.at(static_cast<size_t>(token))); }
  /// Whole, and nothing more can come.
  bool over() const { return constraint_.over(); }

 private:
  const PublishedText& text_;
  JsonConstraint constraint_;
  std::vector<std::string> bytes_;  ///< of each token; empty: it stands for no letters
};

}  // namespace conclave
