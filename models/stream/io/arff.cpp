// Weka's ARFF: declared columns, dense or sparse rows.
#include <algorithm>
#include <charconv>

#include "framework/base/error.h"
#include "models/stream/io/text_source.h"

namespace conclave::stream {
namespace {

// Takes words off a line: bare ones end at a separator, quoted ones ('a b', "a b") may hold anything.
class Words {
 public:
  explicit Words(std::string_view text) : text_(text) {}
  void skip_spaces() {
    while (place_ < text_.size() && (text_[place_] == ' ' || text_[place_] == '\t')) ++place_;
  }
  bool done() {
    skip_spaces();
    return place_ == text_.size();
  }
  /// Whether `c` comes next; takes it.
  bool take(char c) {
    skip_spaces();
    if (place_ == text_.size() || text_[place_] != c) return false;
    ++place_;
    return true;
  }
  /// The next word up to one of `ends`; false for a quote that is not closed. `quoted` tells 'NA' from NA.
  bool word(std::string_view ends, std::string_view& word, bool& quoted) {
    skip_spaces();
    quoted = place_ < text_.size() && (text_[place_] == '\'' || text_[place_] == '"');
    if (!quoted) {
      const size_t stop = std::min(text_.find_first_of(ends, place_), text_.size());
      word = trimmed(text_.substr(place_, stop - place_));
      place_ = stop;
      return true;
    }
    const char quote = text_[place_++];
    const size_t stop = text_.find(quote, place_);
    const size_t escape = text_.find('\\', place_);
    if (stop == std::string_view::npos) return false;
    if (escape > stop) {  // the usual case needs no copy
      word = text_.substr(place_, stop - place_);
      place_ = stop + 1;
      return true;
    }
    held_.clear();
    for (; place_ < text_.size() && text_[place_] != quote; ++place_) {
      if (text_[place_] == '\\' && place_ + 1 < text_.size()) ++place_;
      held_ += text_[place_];
    }
    if (place_ == text_.size()) return false;
    ++place_;
    word = held_;
    return true;
  }

 private:
  std::string_view text_;
  size_t place_ = 0;
  std::string held_;
};

bool same_word(std::string_view word, std::string_view lower) {
  return word.size() == lower.size() &&
         std::equal(word.begin(), word.end(), lower.begin(),
                    [](unsigned char a, char b) { return std::tolower(a) == b; });
}

class Arff final : public TextSource {
 public:
  Arff(Lines lines, const ReaderOptions& options, std::string_view first)
      : TextSource(std::move(lines), options) {
    comment_ = '%';
    for (std::string_view line = first;;) {
      if (const auto text = trimmed(line); !text.empty() && text.front() != '%' && declares_data(text)) break;
      if (!lines_.next(line)) fail("there is no @data");
    }
    if (columns_.size() < 2) fail("a stream needs at least one attribute and a class");
    std::vector<std::string> names;
    for (const auto& column : columns_) names.push_back(column.name);
    label_ = label_column(names, options_.label, lines_.name());
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i != label_) bound_values(columns_[i]);
      values_.emplace_back(columns_[i].values);
      if (i != label_) schema_.inputs.push_back(columns_[i]);
    }
    schema_.label = columns_[label_];
    if (!schema_.label.nominal && !options_.regression)
      throw UsageError(fmt::format(
          "{}: the label '{}' is numeric: classes must be declared, as {{a,b}}, or regression asked for",
          lines_.name(), schema_.label.name));
    if (schema_.label.nominal && options_.regression)
      throw UsageError(fmt::format("{}: the label '{}' is nominal, no number to predict", lines_.name(),
                                   schema_.label.name));
    remember_classes();
    if (options_.known) compare_with_known();
  }

  std::string format() const override { return "arff"; }

 protected:
  bool parse(std::string_view line, double* x, double& y) override {
    Words words(line);
    return words.take('{') ? parse_sparse(words, x, y) : parse_dense(words, x, y);
  }

 private:
  // Values are numbered by the header, so it must be the learner's.
  void compare_with_known() const {
    const auto& known = options_.known->inputs;
    bool same = known.size() == schema_.inputs.size();
    for (size_t i = 0; same && i < known.size(); ++i)
      same = known[i].name == schema_.inputs[i].name && known[i].values == schema_.inputs[i].values;
    if (!same) fail("the attributes are not those that the learner knows");
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(lines_.name(), lines_.where(), what);
  }

  // One line of the header; true for @data.
  bool declares_data(std::string_view text) {
    Words words(text);
    std::string_view word;
    bool quoted;
    words.word(" \t", word, quoted);
    if (same_word(word, "@data")) return true;
    if (same_word(word, "@relation")) {
      if (words.word("", word, quoted)) schema_.name = word;
    } else if (same_word(word, "@attribute")) {
      declare(words);
    } else {
      fail(fmt::format("'{}' is neither @relation nor @attribute nor @data", word.substr(0, 40)));
    }
    return false;
  }

  void declare(Words& words) {
    if (columns_.size() >= kMostColumns) fail(fmt::format("more than {} attributes", kMostColumns));
    std::string_view word;
    bool quoted;
    if (!words.word(" \t{", word, quoted) || word.empty()) fail("an attribute without a name");
    Attribute column{std::string(word), false, {}};
    if (words.take('{')) {
      column.nominal = true;
      ValueIndex seen;
      do {
        if (!words.word(",}", word, quoted)) fail(fmt::format("a quote of '{}' is not closed", column.name));
        if (word.empty() && !quoted) continue;
        if (seen.find(word) >= 0) fail(fmt::format("'{}' has the value '{}' twice", column.name, word));
        seen.add(word, column.values);
      } while (words.take(','));
      if (!words.take('}')) fail(fmt::format("the values of '{}' have no closing brace", column.name));
      if (column.values.empty()) fail(fmt::format("'{}' has no values", column.name));
    } else {
      words.word(" \t[", word, quoted);
      if (!same_word(word, "numeric") && !same_word(word, "real") && !same_word(word, "integer"))
        fail(fmt::format("'{}' is of type '{}'; numeric, real, integer and {{...}} can be read", column.name,
                         word));
    }
    columns_.push_back(std::move(column));
  }

  bool put(size_t column, std::string_view word, bool quoted, double* x, double& y) {
    if (column == label_)
      return quoted && schema_.label.nominal ? (y = class_index(word), true) : label(word, y);
    double& value = x[column < label_ ? column : column - 1];
    if ((!quoted && word == "?") || columns_[column].left_out) {
      value = kMissing;
    } else if (columns_[column].nominal) {
      const int index = values_[column].find(word);
      value = index < 0 ? kMissing : index;
      if (index < 0) ++counts_.unknown_values;
    } else if (!number(word, value)) {
      return problem(
          fmt::format("'{}' in column '{}' is no number", word.substr(0, 40), columns_[column].name));
    }
    return true;
  }

  bool parse_dense(Words& words, double* x, double& y) {
    std::string_view word;
    bool quoted;
    size_t column = 0;
    do {
      if (!words.word(",", word, quoted)) return problem("a quote is not closed");
      if (column == columns_.size()) {
        if (word.empty() && words.done()) break;  // a comma behind the last value
        return problem(fmt::format("more than {} fields", columns_.size()));
      }
      if (!put(column++, word, quoted, x, y)) return false;
    } while (words.take(','));
    if (column < columns_.size())
      return problem(fmt::format("{} fields instead of {}", column, columns_.size()));
    return words.done() || problem("text behind the last field");
  }

  // {2 0.5, 7 yes}: what is not named is 0, or the first value.
  bool parse_sparse(Words& words, double* x, double& y) {
    std::fill(x, x + schema_.width(), 0.0);
    y = 0;
    if (words.take('}')) return words.done() || problem("text behind the row");
    std::string_view word;
    bool quoted;
    do {
      size_t column = 0;
      words.word(" \t,}", word, quoted);
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), column);
      if (error != std::errc() || end != word.data() + word.size() || column >= columns_.size())
        return problem(
            fmt::format("'{}' is no column number in 0..{}", word.substr(0, 40), columns_.size() - 1));
      if (!words.word(",}", word, quoted)) return problem("a quote is not closed");
      if (!put(column, word, quoted, x, y)) return false;
    } while (words.take(','));
    if (!words.take('}')) return problem("a sparse row without its closing brace");
    return words.done() || problem("text behind the row");
  }

  std::vector<Attribute> columns_;
  std::vector<ValueIndex> values_;
  size_t label_ = 0;
};

}  // namespace

std::unique_ptr<TextSource> open_arff(Lines lines, const ReaderOptions& options, std::string first_line) {
  return std::make_unique<Arff>(std::move(lines), options, first_line);
}

}  // namespace conclave::stream
