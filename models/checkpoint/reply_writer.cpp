#include "models/checkpoint/reply_writer.h"

#include <limits>

namespace conclave {

ReplyWriter::ReplyWriter(const PublishedText& text, const ReplyOptions& options, int64_t most)
    : text_(text), options_(options), most_(most), decoder_(text.tokenizer), stops_(options.stop) {
  if (options.schema) json_.emplace(options.schema, text);
}

void ReplyWriter::show(const std::string& text) {
  shown_ += text;
  if (!text.empty() && options_.on_text) goes_on_ = options_.on_text(text);
}

bool ReplyWriter::take(int64_t token) {
  ++tokens_;
  if (json_) json_->take(token);
  show(stops_.push(decoder_.push(token)));
  return goes_on_ && !stops_.found() && !(json_ && json_->over()) && tokens_ < most_;
}

void ReplyWriter::edit(std::span<float> logits) const {
  // Rows behind the tokenizer's last token are padding of the matrix and stand for nothing.
  for (size_t id = 0; id < logits.size(); ++id)
    if (!text_.tokenizer.has(static_cast<int64_t>(id))) logits[id] = -std::numeric_limits<float>::infinity();
  if (json_) json_->forbid(logits);
}

void ReplyWriter::finish(const Generated& made, Reply& reply) {
  if (!stops_.found()) {
    show(stops_.push(decoder_.finish()));
    show(stops_.finish());
  }
  reply.text = shown_;
  reply.tokens = made.tokens;
  reply.log_probs = made.log_probs;
  reply.log_prob = made.log_prob;
  const bool whole = json_ && json_->over();
  reply.end = stops_.found()                     ? Reply::End::stop_text
              : whole                            ? Reply::End::json
              : made.end == Generated::End::stop ? Reply::End::stop_token
              : !goes_on_                        ? Reply::End::caller
                                                 : Reply::End::length;
}

}  // namespace conclave
