#include "framework/history/filter.h"

#include <charconv>
#include <utility>

#include "framework/base/error.h"

namespace conclave {
namespace {

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : text + " ") {
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted || (c != ' ' && c != '\t' && c != '\n')) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(word.substr(0, word.size() - 1));  // a quote was left open
  return words;
}

}  // namespace

RunFilter parse_filter(const std::string& text) {
  RunFilter filter;
  for (const std::string& word : split_words(text)) {
    if (const size_t at = word.find_first_of("<>="); at != std::string::npos && at > 0) {
      const size_t length = at + 1 < word.size() && word[at + 1] == '=' ? 2 : 1;
      MetricCondition condition{word.substr(0, at), word.substr(at, length), 0};
      if (condition.op == "==") condition.op = "=";
      const std::string number = word.substr(at + length);
      const char* end = number.data() + number.size();
      const auto [stop, failure] = std::from_chars(number.data(), end, condition.value);
      require<UsageError>(failure == std::errc() && stop == end, "filter: '{}' in '{}' is not a number",
                          number, word);
      filter.metrics.push_back(std::move(condition));
      continue;
    }
    const size_t colon = word.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == word.size()) {
      filter.words.push_back(word);
      continue;
    }
    const std::string key = word.substr(0, colon), value = word.substr(colon + 1);
    if (key == "app")
      filter.app = value;
    else if (key == "verb")
      filter.verb = value;
    else if (key == "status")
      filter.status = value;
    else if (key == "experiment")
      filter.experiment = value;
    else if (key == "parent")
      filter.parent = value;
    else if (key == "tag")
      filter.tags.push_back(value);
    else
      filter.params.push_back({key, value});
  }
  return filter;
}

}  // namespace conclave
