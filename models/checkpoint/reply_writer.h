/// From tokens to a reply: text as it comes, what ends it, what must not come.
#pragma once

#include "models/checkpoint/schema_keeper.h"
#include "models/checkpoint/speaker.h"
#include "models/checkpoint/stop_texts.h"

namespace conclave {

class ReplyWriter {
 public:
  /// A reply of at most `most` tokens. `text` and `options` outlive it.
  ReplyWriter(const PublishedText& text, const ReplyOptions& options, int64_t most);

  /// The next token; false ends the reply.
  bool take(int64_t token);
  /// Makes impossible what stands for nothing or breaks the schema.
  void edit(std::span<float> logits) const;
  /// Fills in what was made.
  void finish(const Generated& made, Reply& reply);

 private:
  void show(const std::string& text);

  const PublishedText& text_;
  const ReplyOptions& options_;
  const int64_t most_;
  int64_t tokens_ = 0;
  StreamDecoder decoder_;
  StopTexts stops_;
  std::optional<SchemaKeeper> json_;
  std::string shown_;
  bool goes_on_ = true;
};

}  // namespace conclave
