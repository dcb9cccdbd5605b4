#include "models/stream/io/kafka_sink.h"

#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "models/stream/io/kafka_client.h"

namespace conclave::stream {

class KafkaSink::Producer final : public RdKafka::DeliveryReportCb {
 public:
  explicit Producer(const std::string& word) : url_(parse_kafka_url(word)) {
    const auto conf = kafka_conf(url_);
    kafka_set(*conf, "message.timeout.ms", "0");  // nothing is given up
    kafka_set(*conf, "acks", "all");
    kafka_set(*conf, "linger.ms", "5");
    std::string error;
    conf->set("event_cb", &events_, error);
    conf->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(this), error);
    producer_.reset(RdKafka::Producer::create(conf.get(), error));
    require(producer_ != nullptr, "Kafka: {}", error);
    kafka_partitions(*producer_, url_);
  }

  void add(std::string_view key, std::string_view text) {
    for (;;) {
      const auto code =
          producer_->produce(url_.topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
                             const_cast<char*>(text.data()), text.size(), key.data(), key.size(), 0, nullptr);
      producer_->poll(code == RdKafka::ERR__QUEUE_FULL ? 100 : 0);
      if (code == RdKafka::ERR_NO_ERROR) return;
      require(code == RdKafka::ERR__QUEUE_FULL, "Kafka: {}", RdKafka::err2str(code));
      throw_if_interrupted();
    }
  }
  void flush() {
    while (producer_->flush(1000) == RdKafka::ERR__TIMED_OUT) events_.throw_if_fatal();
    require(refused_ == 0, "Kafka: {} predictions were refused: {}", refused_, why_);
  }

  void dr_cb(RdKafka::Message& message) override {
    if (message.err() == RdKafka::ERR_NO_ERROR) return events_.heard();
    ++refused_;
    why_ = message.errstr();
  }

 private:
  KafkaUrl url_;
  KafkaEvents events_;
  std::unique_ptr<RdKafka::Producer> producer_;
  int64_t refused_ = 0;
  std::string why_;
};

KafkaSink::KafkaSink(const std::string& url) : producer_(std::make_unique<Producer>(url)) {}
KafkaSink::~KafkaSink() = default;
void KafkaSink::add(std::string_view key, std::string_view text) {
  producer_->add(key, text);
}
void KafkaSink::flush() {
  producer_->flush();
}

}  // namespace conclave::stream
