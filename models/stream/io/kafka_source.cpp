#include "models/stream/io/kafka_source.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "models/stream/io/kafka_client.h"

namespace conclave::stream {
namespace {

constexpr int kPollMs = 100;             // how often an interrupt is looked for
constexpr int kAnswerMs = 10000;         // for the group's offsets
constexpr size_t kReadAhead = 64 << 10;  // bytes of messages

using Offsets = std::map<int32_t, int64_t>;

// librdkafka wants lists of pointers.
class PartitionList {
 public:
  PartitionList(const std::string& topic, const Offsets& offsets) {
    for (const auto& [partition, offset] : offsets) {
      owned_.emplace_back(RdKafka::TopicPartition::create(topic, partition, offset));
      list_.push_back(owned_.back().get());
    }
  }
  std::vector<RdKafka::TopicPartition*>& list() { return list_; }

 private:
  std::vector<std::unique_ptr<RdKafka::TopicPartition>> owned_;
  std::vector<RdKafka::TopicPartition*> list_;
};

Json counts_json(const ReadCounts& c) {
  return {{"rows", c.rows},
          {"skipped", c.skipped},
          {"unknown_values", c.unknown_values},
          {"not_finite", c.not_finite},
          {"new_classes", c.new_classes},
          {"first_problem", c.first_problem}};
}

ReadCounts counts_from(const Json& json) {
  return {json.at("rows"),       json.at("skipped"),     json.at("unknown_values"),
          json.at("not_finite"), json.at("new_classes"), json.at("first_problem")};
}

}  // namespace

// The topic as bytes: a line per message.
class KafkaSource::Messages final : public ByteSource, public RdKafka::RebalanceCb {
 public:
  Messages(const KafkaUrl& url, Offsets from) : url_(url), next_(from), done_(std::move(from)) {
    const auto conf = kafka_conf(url);
    kafka_set(*conf, "group.id", url.group.empty() ? "conclave-stream" : url.group);
    kafka_set(*conf, "enable.auto.commit", "false");
    kafka_set(*conf, "enable.auto.offset.store", "false");
    kafka_set(*conf, "enable.partition.eof", "true");
    // Rows that are no longer kept must not be passed over in silence.
    kafka_set(*conf, "auto.offset.reset", "error");
    std::string error;
    conf->set("event_cb", &events_, error);
    conf->set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(this), error);
    consumer_.reset(RdKafka::KafkaConsumer::create(conf.get(), error));
    require(consumer_ != nullptr, "Kafka: {}", error);
    const int partitions = kafka_partitions(*consumer_, url);
    if (!url.group.empty()) {
      const auto code = consumer_->subscribe({url.topic});
      require(code == RdKafka::ERR_NO_ERROR, "Kafka: {}", RdKafka::err2str(code));
      return;
    }
    Offsets all;
    for (int32_t p = 0; p < partitions; ++p) all[p] = start_of(p);
    PartitionList list(url.topic, all);
    take_over(list.list());
  }
  ~Messages() override {
    if (consumer_) consumer_->close();
  }

  size_t read(char* to, size_t size) override {
    while (place_ == held_.size()) {
      if (ended_ || interrupted()) return 0;
      fill(kPollMs);
    }
    size = std::min(size, held_.size() - place_);
    std::memcpy(to, held_.data() + place_, size);
    place_ += size;
    return size;
  }
  bool ready() override {
    if (place_ == held_.size() && !ended_) fill(0);
    return ended_ || place_ < held_.size();
  }

  // Where line `number` came from; earlier lines are forgotten.
  RowOrigin origin(int64_t number) {
    forget(number - 1);
    return lines_.front();
  }
  // Lines up to `number` were read, be it as rows or as broken ones.
  void forget(int64_t number) {
    for (; first_line_ <= number && !lines_.empty(); ++first_line_, lines_.pop_front())
      done_[lines_.front().partition] = lines_.front().offset + 1;
  }
  const Offsets& done() const { return done_; }
  int64_t absences() const { return events_.absences(); }

  void commit() {
    if (url_.group.empty() || done_.empty()) return;
    PartitionList list(url_.topic, done_);
    consumer_->commitAsync(list.list());
  }

  // Called by librdkafka within consume().
  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode code,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    if (code != RdKafka::ERR__ASSIGN_PARTITIONS) {
      assigned_.clear();
      ended_partitions_.clear();
      consumer->unassign();
      return;
    }
    consumer->committed(partitions, kAnswerMs);
    for (auto* const one : partitions)
      if (next_.contains(one->partition()) || one->offset() < 0) one->set_offset(start_of(one->partition()));
    take_over(partitions);
  }

 private:
  int64_t start_of(int32_t partition) const {
    const auto known = next_.find(partition);
    return known == next_.end() ? RdKafka::Topic::OFFSET_BEGINNING : known->second;
  }

  void take_over(const std::vector<RdKafka::TopicPartition*>& partitions) {
    ended_partitions_.clear();
    assigned_.clear();
    for (const auto* one : partitions) assigned_.insert(one->partition());
    consumer_->assign(partitions);
  }

  // Waits for a message, then takes what else is there.
  void fill(int wait_ms) {
    held_.clear();
    place_ = 0;
    while (held_.size() < kReadAhead && take(held_.empty() ? wait_ms : 0)) {
    }
  }

  bool take(int wait_ms) {
    const std::unique_ptr<RdKafka::Message> message(consumer_->consume(wait_ms));
    events_.throw_if_fatal();
    switch (message->err()) {
      case RdKafka::ERR_NO_ERROR:
        break;
      case RdKafka::ERR__TIMED_OUT:
        return false;
      case RdKafka::ERR__PARTITION_EOF:
        events_.heard();
        ended_partitions_.insert(message->partition());
        ended_ = url_.until_end && ended_partitions_ == assigned_;
        return false;
      case RdKafka::ERR__AUTO_OFFSET_RESET:
        throw DataError(url_.topic, fmt::format("partition {}", message->partition()),
                        "the rows that come next are no longer kept: " + message->errstr());
      case RdKafka::ERR_TOPIC_AUTHORIZATION_FAILED:
      case RdKafka::ERR_GROUP_AUTHORIZATION_FAILED:
        throw Error(fmt::format("Kafka: {}", message->errstr()));
      default:
        log_debug("Kafka: {}", message->errstr());
        return false;
    }
    events_.heard();
    ended_partitions_.erase(message->partition());
    const auto* const text = static_cast<const char*>(message->payload());
    const size_t begin = held_.size();
    if (text) held_.append(text, message->len());
    std::replace_if(
        held_.begin() + static_cast<int64_t>(begin), held_.end(), [](char c) { return c == '\n'; }, ' ');
    held_ += '\n';
    lines_.push_back({message->partition(), message->offset()});
    next_[message->partition()] = message->offset() + 1;
    return true;
  }

  KafkaUrl url_;
  KafkaEvents events_;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  Offsets next_, done_;  // to take from the topic; behind what was read
  std::set<int32_t> assigned_, ended_partitions_;
  bool ended_ = false;
  std::string held_;
  size_t place_ = 0;
  std::deque<RowOrigin> lines_;  // that were not read yet
  int64_t first_line_ = 1;       // number of the first of them
};

KafkaSource::KafkaSource(const std::string& url, const ReaderOptions& options, const Json& position) {
  const KafkaUrl parsed = parse_kafka_url(url);
  ReaderOptions reader = options;
  reader.header = "no";
  require<UsageError>(reader.format == "auto" || reader.format == "csv" || reader.format == "jsonl",
                      "{}: messages are csv or jsonl, not {}", url, reader.format);
  Offsets from;
  if (!position.is_null()) {
    try {
      for (const auto& entry : position.at("next")) from[entry.at(0)] = entry.at(1);
      reader.format = position.at("format");
      reader.known = std::make_shared<Schema>(schema_from_json(position.at("schema")));
      reader.counts = counts_from(position.at("counts"));
      first_classes_ = position.at("first_classes");
    } catch (const nlohmann::json::exception& e) {
      throw DataError(url, "", fmt::format("the snapshot's position cannot be used: {}", e.what()));
    }
  }
  auto messages = std::make_unique<Messages>(parsed, std::move(from));
  messages_ = messages.get();
  text_ = open_text(std::move(messages), url, reader);
  if (position.is_null()) first_classes_ = schema().classes();
}

KafkaSource::~KafkaSource() = default;

const Schema& KafkaSource::schema() const {
  return text_->schema();
}
const ReadCounts& KafkaSource::counts() const {
  return text_->counts();
}
int64_t KafkaSource::absences() const {
  return messages_->absences();
}
void KafkaSource::commit() {
  messages_->commit();
}

size_t KafkaSource::read(RowBlock& block, size_t most) {
  text_->read(block, most);
  origins_.clear();
  for (const int64_t line : text_->row_lines()) origins_.push_back(messages_->origin(line));
  messages_->forget(text_->lines_read());
  return block.size();
}

Json KafkaSource::position() const {
  Json next = Json::array();
  for (const auto& [partition, offset] : messages_->done()) next.push_back({partition, offset});
  return {{"next", next},
          {"format", text_->format()},
          {"schema", to_json(schema())},
          {"first_classes", first_classes_},
          {"counts", counts_json(counts())}};
}

}  // namespace conclave::stream
