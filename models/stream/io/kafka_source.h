/// Rows from a Kafka topic: each message is a row as CSV (without a header) or a JSON object.
#pragma once

#include "framework/base/json.h"
#include "models/stream/io/text_source.h"

namespace conclave::stream {

/// The message that a row came from.
struct RowOrigin {
  int32_t partition = 0;
  int64_t offset = 0;
};

/// Waits for messages until it is interrupted (or, with until=end, to the end of the partitions), through
/// times in which no broker answers. Types are guessed from the first guess_rows messages.
class KafkaSource final : public Source {
 public:
  /// Throws Error when no broker answers, DataError when there is no such topic, UsageError for a bad URL.
  /// `position`, if any, is what position() gave: the rows behind it come next.
  KafkaSource(const std::string& url, const ReaderOptions& options, const Json& position = nullptr);
  ~KafkaSource() override;

  const Schema& schema() const override;
  size_t read(RowBlock& block, size_t most) override;
  const ReadCounts& counts() const;
  /// Of the rows given last.
  const std::vector<RowOrigin>& origins() const { return origins_; }
  /// Classes that were known before the first row.
  int first_classes() const { return first_classes_; }
  /// Times that no broker could be reached.
  int64_t absences() const;

  /// What a source needs to go on behind the rows given so far: offsets by partition, the columns, counts.
  Json position() const;
  /// Tells the group's broker where we are. For others to see: a resume does not depend on it.
  void commit();

 private:
  class Messages;
  Messages* messages_ = nullptr;  // text_ owns it
  std::unique_ptr<TextSource> text_;
  std::vector<RowOrigin> origins_;
  int first_classes_ = 0;
};

}  // namespace conclave::stream
