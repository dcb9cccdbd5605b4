/// What the source and the sink have in common. For their .cpp files alone: it shows librdkafka.
#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <memory>

#include "models/stream/io/kafka_url.h"

namespace conclave::stream {

using KafkaConf = std::unique_ptr<RdKafka::Conf>;

/// bootstrap.servers and the URL's own settings; UsageError for one that librdkafka does not take.
KafkaConf kafka_conf(const KafkaUrl& url);
/// Sets `key`; UsageError.
void kafka_set(RdKafka::Conf& conf, const std::string& key, const std::string& value);

/// Number of partitions of the topic. Asks until `url.wait` is over; Error when no broker answers, DataError
/// when there is no such topic.
int kafka_partitions(RdKafka::Handle& client, const KafkaUrl& url);

/// Hears what librdkafka says: whether brokers are there.
class KafkaEvents : public RdKafka::EventCb {
 public:
  void event_cb(RdKafka::Event& event) override;
  /// A message came: brokers are there again.
  void heard();
  int64_t absences() const { return absences_; }
  /// Error when librdkafka gave up.
  void throw_if_fatal() const;

 private:
  bool away_ = false;
  int64_t absences_ = 0;
  std::string fatal_;
};

}  // namespace conclave::stream
