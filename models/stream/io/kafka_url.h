/// What a word like kafka://host:9092,other:9092/topic?group=g names.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace conclave::stream {

bool is_kafka(std::string_view word);

struct KafkaUrl {
  std::string brokers, topic;
  std::string group;                            ///< empty: all partitions, without a consumer group
  bool until_end = false;                       ///< until=end: stop where the partitions end at the moment
  double wait = 60;                             ///< wait=SECONDS: for a first answer of a broker
  std::map<std::string, std::string> settings;  ///< librdkafka's own, by keys with a dot in them
};

/// UsageError that names what is wrong.
KafkaUrl parse_kafka_url(const std::string& word);

}  // namespace conclave::stream
