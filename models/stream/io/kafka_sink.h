/// Text to a Kafka topic.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace conclave::stream {

/// Keeps what no broker takes at the moment and sends it when one does.
class KafkaSink {
 public:
  /// Throws Error when no broker answers, UsageError for a bad URL.
  explicit KafkaSink(const std::string& url);
  ~KafkaSink();
  /// Waits while there is no more room for messages that have not been sent.
  void add(std::string_view key, std::string_view text);
  /// Waits until all that was added is with the broker; Error when some was refused.
  void flush();

 private:
  class Producer;
  std::unique_ptr<Producer> producer_;
};

}  // namespace conclave::stream
