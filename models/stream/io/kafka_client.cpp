#include "models/stream/io/kafka_client.h"

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"

namespace conclave::stream {

void kafka_set(RdKafka::Conf& conf, const std::string& key, const std::string& value) {
  std::string error;
  require<UsageError>(conf.set(key, value, error) == RdKafka::Conf::CONF_OK, "Kafka: {} = {}: {}", key, value,
                      error);
}

KafkaConf kafka_conf(const KafkaUrl& url) {
  KafkaConf conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  kafka_set(*conf, "bootstrap.servers", url.brokers);
  kafka_set(*conf, "client.id", "conclave-stream");
  kafka_set(*conf, "reconnect.backoff.max.ms", "2000");
  for (const auto& [key, value] : url.settings) kafka_set(*conf, key, value);
  return conf;
}

int kafka_partitions(RdKafka::Handle& client, const KafkaUrl& url) {
  std::string problem;
  const std::unique_ptr<RdKafka::Topic> topic(RdKafka::Topic::create(&client, url.topic, nullptr, problem));
  require(topic != nullptr, "Kafka: {}", problem);
  const Stopwatch watch;
  RdKafka::ErrorCode code;
  do {
    throw_if_interrupted();
    RdKafka::Metadata* answer = nullptr;
    code = client.metadata(false, topic.get(), &answer, 1000);
    const std::unique_ptr<RdKafka::Metadata> owned(answer);
    client.poll(0);
    if (code != RdKafka::ERR_NO_ERROR) continue;
    for (const auto* one : *answer->topics())
      if (one->topic() == url.topic && !one->partitions()->empty())
        return static_cast<int>(one->partitions()->size());
    code = RdKafka::ERR_UNKNOWN_TOPIC_OR_PART;
  } while (watch.seconds() < url.wait);
  if (code == RdKafka::ERR_UNKNOWN_TOPIC_OR_PART)
    throw DataError(url.brokers, "", fmt::format("has no topic '{}'", url.topic));
  throw Error(fmt::format("{}: no broker answers: {}", url.brokers, RdKafka::err2str(code)));
}

void KafkaEvents::event_cb(RdKafka::Event& event) {
  if (event.type() == RdKafka::Event::EVENT_LOG) {
    log_debug("Kafka: {}", event.str());
  } else if (event.type() == RdKafka::Event::EVENT_ERROR) {
    log_debug("Kafka: {}: {}", RdKafka::err2str(event.err()), event.str());
    if (event.fatal()) fatal_ = event.str();
    if (event.err() == RdKafka::ERR__ALL_BROKERS_DOWN && !away_) {
      away_ = true;
      ++absences_;
      log_warning("Kafka: no broker answers; waiting");
    }
  }
}

void KafkaEvents::heard() {
  if (away_) log_info("Kafka: a broker answers again");
  away_ = false;
}

void KafkaEvents::throw_if_fatal() const {
  require(fatal_.empty(), "Kafka: {}", fatal_);
}

}  // namespace conclave::stream
