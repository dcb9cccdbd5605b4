#include "models/stream/io/kafka_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "framework/base/error.h"
#include "models/stream/io/kafka_sink.h"
#include "models/stream/io/kafka_url.h"
#include "testing/mock_kafka.h"

namespace conclave::stream {
namespace {

using conclave::testing::MockKafka;

std::string row(int i) {
  return fmt::format("{},{},{}", i, i % 3, i % 2 ? "odd" : "even");
}

// All rows to the end: the first input and where they came from.
struct Seen {
  std::vector<int> values;
  std::vector<RowOrigin> origins;
};
Seen read_all(KafkaSource& source, size_t most = 7) {
  Seen seen;
  RowBlock block;
  while (source.read(block, most) > 0) {
    for (size_t i = 0; i < block.size(); ++i) seen.values.push_back(static_cast<int>(block.row(i)[0]));
    seen.origins.insert(seen.origins.end(), source.origins().begin(), source.origins().end());
  }
  return seen;
}

TEST(KafkaUrl, HasBrokersTopicAndSettings) {
  const auto url = parse_kafka_url("kafka://a:9092,b/rows?group=g&until=end&session.timeout.ms=6000");
  EXPECT_EQ(url.brokers, "a:9092,b");
  EXPECT_EQ(url.topic, "rows");
  EXPECT_EQ(url.group, "g");
  EXPECT_TRUE(url.until_end);
  EXPECT_EQ(url.settings.at("session.timeout.ms"), "6000");
  for (const char* bad : {"kafka://", "kafka://a", "kafka:///t", "kafka://a/", "kafka://a/t?x",
                          "kafka://a/t?grop=g", "kafka://a/t?until=dawn", "kafka://a/t?wait=x", "a/t"})
    EXPECT_THROW(parse_kafka_url(bad), UsageError) << bad;
}

TEST(Kafka, GivesRowsWithWhereTheyCameFrom) {
  MockKafka broker;
  broker.create("rows", 2);
  for (int i = 0; i < 40; ++i) broker.send("rows", i % 2, row(i));
  broker.send("rows", 1, "broken");
  broker.send("rows", 1, row(41));
  broker.flush();
  KafkaSource source(broker.url("rows", "until=end"), {});
  EXPECT_EQ(source.schema().width(), 2);
  EXPECT_EQ(source.schema().label.values, (std::vector<std::string>{"even", "odd"}));
  const Seen seen = read_all(source);
  ASSERT_EQ(seen.values.size(), 41u);
  for (size_t i = 0; i < seen.values.size(); ++i) {
    EXPECT_EQ(seen.origins[i].partition, seen.values[i] % 2);
    EXPECT_EQ(seen.origins[i].offset, seen.values[i] == 41 ? 21 : seen.values[i] / 2);
  }
  EXPECT_EQ(source.counts().skipped, 1);
  EXPECT_EQ(source.position().at("next"), Json::parse("[[0, 20], [1, 22]]"));
}

TEST(Kafka, GoesOnWhereAPositionWasTaken) {
  MockKafka broker;
  broker.create("rows", 1);
  for (int i = 0; i < 30; ++i) broker.send("rows", 0, row(i));
  broker.flush();
  Json position;
  {
    KafkaSource source(broker.url("rows", "until=end"), {});
    RowBlock block;
    ASSERT_EQ(source.read(block, 11), 11u);
    position = Json::parse(source.position().dump());  // as a snapshot keeps it
  }
  broker.send("rows", 0, "30,0,neither");
  broker.flush();
  KafkaSource source(broker.url("rows", "until=end"), {}, position);
  const Seen seen = read_all(source);
  ASSERT_EQ(seen.values.size(), 20u);
  EXPECT_EQ(seen.values.front(), 11);
  EXPECT_EQ(seen.values.back(), 30);
  EXPECT_EQ(source.schema().classes(), 3);
  EXPECT_EQ(source.first_classes(), 2);
  EXPECT_EQ(source.counts().rows, 31);
  EXPECT_THROW(KafkaSource(broker.url("rows", "until=end"), {}, Json{{"next", 3}}), DataError);
}

TEST(Kafka, ReadsJsonObjects) {
  MockKafka broker;
  broker.create("rows", 1);
  for (int i = 0; i < 5; ++i)
    broker.send("rows", 0, fmt::format("{{\"a\": {},\n \"kind\": \"{}\"}}", i, i % 2 ? "x" : "y"));
  broker.flush();
  KafkaSource source(broker.url("rows", "until=end"), {});
  EXPECT_EQ(read_all(source).values, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(source.position().at("format"), "jsonl");
}

TEST(Kafka, WaitsWhileTheBrokerIsAway) {
  MockKafka broker;
  broker.create("rows", 1);
  for (int i = 0; i < 10; ++i) broker.send("rows", 0, row(i));
  broker.flush();
  ReaderOptions options;
  options.guess_rows = 10;
  KafkaSource source(broker.url("rows", "reconnect.backoff.max.ms=200"), options);
  RowBlock block;
  size_t rows = 0;
  while (rows < 10) rows += source.read(block, 10);
  broker.down();
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(1500));
    broker.up();
    for (int i = 10; i < 20; ++i) broker.send("rows", 0, row(i));
  });
  std::vector<int> after;
  while (after.size() < 10) {
    ASSERT_GT(source.read(block, 10), 0u);
    for (size_t i = 0; i < block.size(); ++i) after.push_back(static_cast<int>(block.row(i)[0]));
  }
  later.join();
  EXPECT_EQ(after, (std::vector<int>{10, 11, 12, 13, 14, 15, 16, 17, 18, 19}));
  EXPECT_GE(source.absences(), 1);
}

TEST(Kafka, SharesPartitionsWithinAGroupAndCommits) {
  MockKafka broker;
  broker.create("rows", 2);
  for (int i = 0; i < 20; ++i) broker.send("rows", i % 2, row(i));
  broker.flush();
  const auto url = broker.url("rows", "group=g&until=end&session.timeout.ms=6000");
  {
    KafkaSource source(url, {});
    EXPECT_EQ(read_all(source).values.size(), 20u);
    source.commit();
  }
  broker.send("rows", 1, row(21));
  broker.flush();
  // Another process of the group, without a snapshot, begins where the group is.
  KafkaSource next(url, {});
  EXPECT_EQ(read_all(next).values, (std::vector<int>{21}));
}

TEST(Kafka, TellsWhatIsNotThere) {
  ReaderOptions svm;
  svm.format = "libsvm";
  EXPECT_THROW(KafkaSource("kafka://127.0.0.1:1/rows", svm), UsageError);
  EXPECT_THROW(KafkaSource("kafka://127.0.0.1:1/rows?wait=0", {}), Error);
  EXPECT_THROW(KafkaSink("kafka://127.0.0.1:1/rows?wait=0"), Error);
  EXPECT_THROW(KafkaSink("kafka://127.0.0.1:1/rows?no.such.setting=1"), UsageError);
}

TEST(KafkaSink, SendsWhatWasAddedWhileTheBrokerWasAway) {
  MockKafka broker;
  broker.create("said", 1);
  KafkaSink sink(broker.url("said", "reconnect.backoff.max.ms=200"));
  sink.add("0", "first");
  sink.flush();
  broker.down();
  for (int i = 1; i <= 50; ++i) sink.add(std::to_string(i), "text");
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    broker.up();
  });
  sink.flush();
  later.join();
  const auto messages = broker.read_all("said");
  ASSERT_EQ(messages.size(), 51u);
  EXPECT_EQ(messages[0].text, "first");
  EXPECT_EQ(messages[50].key, "50");
}

}  // namespace
}  // namespace conclave::stream
