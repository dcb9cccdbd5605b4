#include "models/stream/io/kafka_url.h"

#include <charconv>

#include "framework/base/error.h"

namespace conclave::stream {
namespace {

constexpr std::string_view kScheme = "kafka://";

void put(KafkaUrl& url, const std::string& word, const std::string& key, const std::string& value) {
  if (key == "group") {
    url.group = value;
  } else if (key == "until") {
    require<UsageError>(value == "end", "{}: until={} is not until=end", word, value);
    url.until_end = true;
  } else if (key == "wait") {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), url.wait);
    require<UsageError>(error == std::errc() && end == value.data() + value.size() && url.wait >= 0,
                        "{}: wait={} is no number of seconds", word, value);
  } else {
    require<UsageError>(key.find('.') != std::string::npos,
                        "{}: '{}' is neither group, until nor wait, nor a setting of librdkafka", word, key);
    url.settings[key] = value;
  }
}

}  // namespace

bool is_kafka(std::string_view word) {
  return word.starts_with(kScheme);
}

KafkaUrl parse_kafka_url(const std::string& word) {
  require<UsageError>(is_kafka(word), "{} does not begin with {}", word, kScheme);
  KafkaUrl url;
  const std::string rest = word.substr(kScheme.size());
  const size_t slash = rest.find('/'), question = std::min(rest.find('?'), rest.size());
  require<UsageError>(slash != std::string::npos && slash > 0 && slash + 1 < question,
                      "{}: write kafka://BROKER[,BROKER]/TOPIC[?group=NAME]", word);
  url.brokers = rest.substr(0, slash);
  url.topic = rest.substr(slash + 1, question - slash - 1);
  for (size_t at = question; at < rest.size();) {
    const size_t stop = std::min(rest.find('&', at + 1), rest.size());
    const std::string pair = rest.substr(at + 1, stop - at - 1);
    const size_t equals = pair.find('=');
    require<UsageError>(equals != std::string::npos && equals > 0, "{}: '{}' is no key=value", word, pair);
    put(url, word, pair.substr(0, equals), pair.substr(equals + 1));
    at = stop;
  }
  return url;
}

}  // namespace conclave::stream
