// CSV: types are guessed from the first rows, then fixed.
#include <algorithm>
#include <cstring>

#include "framework/base/error.h"
#include "models/stream/io/text_source.h"

namespace conclave::stream {
namespace {

constexpr size_t kNoLabel = static_cast<size_t>(-1);
constexpr char kSeparators[] = {',', ';', '\t'};

class Csv final : public TextSource {
 public:
  Csv(Lines lines, const ReaderOptions& options, std::string first) : TextSource(std::move(lines), options) {
    if (options_.known) {
      values_ = take_known();
      columns_ = values_.size() + 1;
      if (first.empty())  // rows without a header follow
        label_ = label_column(plain_names(), options_.label, lines_.name());
      else
        meet_known(first);
      return;
    }
    separator_ = separator_of(first);
    ahead_.emplace_back(lines_.number(), first);
    std::vector<std::string> names = fields_of(first);
    if (names.size() < 2)
      throw DataError(lines_.name(), lines_.where(), "a row needs at least one input and a class");
    columns_ = names.size();
    const bool headed = options_.header == "yes" || (options_.header == "auto" && is_header(names));
    if (headed) ahead_.clear();
    look_ahead();
    if (options_.header != "no") refuse_repeats(names, headed);
    if (!headed) names = plain_names();
    label_ = label_column(names, options_.label, lines_.name());
    guess(names);
  }

  std::string format() const override { return "csv"; }

 protected:
  bool parse(std::string_view line, double* x, double& y) override {
    if (separator_ == 0) separator_ = separator_of(line);  // the columns were known, the separator was not
    const char* at = line.data();
    const char* const end = at + line.size();
    size_t column = 0;
    for (;; ++column) {
      if (column == columns_) return problem(fmt::format("more than {} fields", columns_));
      std::string_view field;
      if (!take(at, end, field)) return problem("a quote is not closed");
      if (column == label_) {
        if (!label(field, y)) return false;
      } else {
        const size_t input = column < label_ ? column : column - 1;
        if (!put(input, field, x[input])) return false;
      }
      if (at == end) break;
      ++at;  // the separator
    }
    return column + 1 == columns_ || problem(fmt::format("{} fields instead of {}", column + 1, columns_));
  }

 private:
  static char separator_of(std::string_view line) {
    const auto count = [&](char c) { return std::count(line.begin(), line.end(), c); };
    const char most = *std::max_element(std::begin(kSeparators), std::end(kSeparators),
                                        [&](char a, char b) { return count(a) < count(b); });
    return count(most) == 0 && trimmed(line).find(' ') != std::string_view::npos ? ' ' : most;
  }
  // The first line of rows whose inputs are known: names, or a row already; with or without the class.
  void meet_known(const std::string& first) {
    separator_ = separator_of(first);
    const auto fields = fields_of(first);
    const bool labelled = fields.size() == columns_;
    if (!labelled && fields.size() + 1 != columns_)
      throw DataError(
          lines_.name(), lines_.where(),
          fmt::format("{} columns; the learner knows {} inputs and a class", fields.size(), values_.size()));
    columns_ = fields.size();
    if (options_.header == "no" || (options_.header == "auto" && !is_header(fields))) {
      label_ = labelled ? label_column(plain_names(), options_.label, lines_.name()) : kNoLabel;
      ahead_.emplace_back(lines_.number(), first);
      return;
    }
    label_ = labelled ? label_column(fields, options_.label, lines_.name()) : kNoLabel;
    size_t input = 0;
    for (size_t i = 0; i < fields.size(); ++i)
      if (i != label_ && fields[i] != schema_.inputs[input++].name)
        throw DataError(lines_.name(), lines_.where(),
                        fmt::format("column '{}' where the learner knows '{}'", fields[i],
                                    schema_.inputs[input - 1].name));
  }
  // att1, att2, ..., class5.
  std::vector<std::string> plain_names() const {
    std::vector<std::string> names(columns_);
    for (size_t i = 0; i < columns_; ++i)
      names[i] = fmt::format("{}{}", i + 1 < columns_ ? "att" : "class", i + 1);
    return names;
  }
  // The field at `at`; leaves `at` on the separator or at the end.
  bool take(const char*& at, const char* end, std::string_view& field) {
    if (separator_ == ' ')
      while (at < end && *at == ' ') ++at;
    if (at < end && *at == '"') return take_quoted(at, end, field);
    const char* stop = at;
    while (stop < end && *stop != separator_) ++stop;
    field = {at, static_cast<size_t>(stop - at)};
    if (!field.empty() && (field.front() == ' ' || field.back() == ' ')) field = trimmed(field);
    at = stop;
    if (separator_ == ' ') {  // many spaces are one, and none counts at the end
      const char* next = at;
      while (next < end && *next == ' ') ++next;
      at = next == end ? end : next - 1;
    }
    return true;
  }
  bool take_quoted(const char*& at, const char* end, std::string_view& field) {
    held_.clear();
    for (++at; at < end; ++at) {
      if (*at != '"') {
        held_ += *at;
      } else if (at + 1 < end && at[1] == '"') {
        held_ += *at++;
      } else {
        ++at;
        while (at < end && *at != separator_) ++at;
        field = held_;
        return true;
      }
    }
    return false;
  }
  std::vector<std::string> fields_of(std::string_view line) {
    std::vector<std::string> fields;
    const char* at = line.data();
    const char* const end = at + line.size();
    for (std::string_view field; take(at, end, field);) {
      fields.emplace_back(field);
      if (at == end) break;
      ++at;
    }
    return fields;
  }
  bool is_number(std::string_view text) {
    double value;
    return number(text, value);
  }
  bool all_words(const std::vector<std::string>& fields) {
    return std::none_of(fields.begin(), fields.end(), [&](const auto& field) { return is_number(field); });
  }
  static const std::string* repeated(std::vector<std::string>& fields) {
    std::sort(fields.begin(), fields.end());
    const auto found = std::adjacent_find(fields.begin(), fields.end());
    return found == fields.end() ? nullptr : &*found;
  }
  // No number in it, and not one word twice.
  bool is_header(std::vector<std::string> fields) { return all_words(fields) && !repeated(fields); }
  // Names that come twice: as a row they would hide that numbers follow.
  void refuse_repeats(std::vector<std::string> names, bool headed) {
    const bool like_names =
        headed || (all_words(names) && ahead_.size() > 1 && !all_words(fields_of(ahead_[1].second)));
    const std::string* const twice = like_names ? repeated(names) : nullptr;
    if (twice)
      throw DataError(lines_.name(), "line 1",
                      fmt::format("names the column '{}' twice; if it is a row, say --header no", *twice));
  }

  void guess(const std::vector<std::string>& names) {
    std::vector<bool> nominal(columns_, false);
    std::vector<std::vector<std::string>> seen(columns_);
    for (const auto& [line, text] : ahead_) {
      const auto fields = fields_of(text);
      if (fields.size() != columns_) continue;
      for (size_t i = 0; i < columns_; ++i) {
        if (is_missing(fields[i])) continue;
        nominal[i] = nominal[i] || !is_number(fields[i]);
        seen[i].push_back(fields[i]);
      }
    }
    counts_ = {};
    for (size_t i = 0; i < columns_; ++i) {
      const bool label = i == label_;
      if (label && options_.regression && nominal[i])
        throw UsageError(
            fmt::format("{}: the label '{}' holds words, no numbers to predict", lines_.name(), names[i]));
      Attribute column{names[i], label ? !options_.regression : bool(nominal[i]), {}};
      if (column.nominal) column.values = sorted(std::move(seen[i]), nominal[i]);
      if (!label) bound_values(column);
      if (label) {
        schema_.label = std::move(column);
      } else {
        values_.emplace_back(column.values);
        schema_.inputs.push_back(std::move(column));
      }
    }
    schema_.name = lines_.name();
    remember_classes();
  }
  // Without repeats: words by the alphabet, numbers by size.
  static std::vector<std::string> sorted(std::vector<std::string> values, bool words) {
    std::sort(values.begin(), values.end(), [&](const auto& a, const auto& b) {
      const double x = words ? 0 : std::strtod(a.c_str(), nullptr),
                   y = words ? 0 : std::strtod(b.c_str(), nullptr);
      return x != y ? x < y : a < b;
    });
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return values;
  }

  bool put(size_t input, std::string_view field, double& value) {
    if (schema_.inputs[input].left_out) return value = kMissing, true;
    if (!schema_.inputs[input].nominal)
      return number(field, value) || problem(fmt::format("'{}' in column '{}' is no number",
                                                         field.substr(0, 40), schema_.inputs[input].name));
    const int index = is_missing(field) ? -1 : values_[input].find(field);
    if (index < 0 && !is_missing(field)) ++counts_.unknown_values;
    value = index < 0 ? kMissing : index;
    return true;
  }

  char separator_ = 0;
  size_t columns_ = 0, label_ = 0;
  std::vector<ValueIndex> values_;  // by input
  std::string held_;
};

}  // namespace

std::unique_ptr<TextSource> open_csv(Lines lines, const ReaderOptions& options, std::string first_line) {
  return std::make_unique<Csv>(std::move(lines), options, std::move(first_line));
}

}  // namespace conclave::stream
