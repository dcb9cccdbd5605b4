/// librdkafka's own broker within the test, which programs and clients can talk to.
#pragma once

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
// after rdkafka.h
#include <librdkafka/rdkafka_mock.h>

#include <map>
#include <string>
#include <vector>

namespace conclave::testing {

class MockKafka {
 public:
  struct Message {
    std::string key, text;
  };

  MockKafka() {
    char error[256];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    // Without this the mock's own client would look for a broker.
    rd_kafka_conf_set(conf, "client.id", "mock", error, sizeof error);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    producer_ = make(RD_KAFKA_PRODUCER, {});
  }
  ~MockKafka() {
    rd_kafka_destroy(producer_);
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;

  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  std::string url(const std::string& topic, const std::string& query = "") const {
    return "kafka://" + address() + "/" + topic + (query.empty() ? "" : "?" + query);
  }
  void create(const std::string& topic, int partitions) {
    rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1);
  }
  void send(const std::string& topic, int partition, const std::string& text) {
    rd_kafka_producev(producer_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(partition),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_VALUE(const_cast<char*>(text.data()), text.size()), RD_KAFKA_V_END);
  }
  void flush() { ASSERT_EQ(rd_kafka_flush(producer_, 20000), RD_KAFKA_RESP_ERR_NO_ERROR); }
  void down() { rd_kafka_mock_broker_set_down(cluster_, -1); }
  void up() { rd_kafka_mock_broker_set_up(cluster_, -1); }

  /// All that a topic of one partition holds.
  std::vector<Message> read_all(const std::string& topic) {
    rd_kafka_t* const reader =
        make(RD_KAFKA_CONSUMER, {{"group.id", "reader"}, {"enable.partition.eof", "true"}});
    rd_kafka_topic_partition_list_t* const list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(reader, list);
    std::vector<Message> messages;
    for (bool ended = false; !ended;) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(reader, 10000);
      if (!message) break;
      ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      if (!message->err)
        messages.push_back({{static_cast<const char*>(message->key), message->key_len},
                            {static_cast<const char*>(message->payload), message->len}});
      rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return messages;
  }

 private:
  rd_kafka_t* make(rd_kafka_type_t type, const std::map<std::string, std::string>& settings) const {
    char error[256];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", address().c_str(), error, sizeof error);
    for (const auto& [key, value] : settings)
      rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error);
    return rd_kafka_new(type, conf, error, sizeof error);
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  rd_kafka_t* producer_ = nullptr;
};

}  // namespace conclave::testing
