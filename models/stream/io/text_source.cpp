#include "models/stream/io/text_source.h"

#include <algorithm>
#include <charconv>

#include "framework/base/error.h"

namespace conclave::stream {
namespace {

constexpr int kMostClasses = 10'000;

bool equal_words(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(),
                                                [](unsigned char x, char y) { return std::tolower(x) == y; });
}

// "-1 3:0.5 7:1": a number, then pairs of index and value.
bool looks_like_libsvm(std::string_view line) {
  line = trimmed(line);
  const size_t space = line.find_first_of(" \t");
  if (space == std::string_view::npos) return false;
  const std::string_view pair = trimmed(line.substr(space));
  const size_t colon = pair.find(':'), digit = pair.find_first_not_of("0123456789");
  return colon != std::string_view::npos && colon > 0 && digit == colon;
}

std::string format_of(std::string_view first) {
  first = trimmed(first);
  if (first.starts_with("@") || first.starts_with("%")) return "arff";
  if (first.starts_with("{")) return "jsonl";
  return looks_like_libsvm(first) ? "libsvm" : "csv";
}

// Text that would be read as one odd row: UTF-16, and lines that end in CR alone.
void refuse_other_text(std::string_view first, const Lines& lines) {
  if (first.starts_with("\xff\xfe") || first.starts_with("\xfe\xff") ||
      first.find('\0') != std::string_view::npos)
    throw DataError(lines.name(), lines.where(),
                    "is UTF-16 or no text at all; of UTF-16, iconv -f UTF-16 -t UTF-8 makes UTF-8");
  if (first.find('\r') != std::string_view::npos)
    throw DataError(lines.name(), lines.where(), "lines end in CR alone; tr '\\r' '\\n' makes them lines");
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_missing(std::string_view text) {
  if (text.size() > 4) return false;
  return text.empty() || text == "?" || equal_words(text, "na") || equal_words(text, "n/a") ||
         equal_words(text, "nan") || equal_words(text, "null");
}

size_t label_column(const std::vector<std::string>& names, const std::string& label,
                    const std::string& file) {
  if (label.empty()) return names.size() - 1;
  const auto found = std::find(names.begin(), names.end(), label);
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  size_t number = 0;
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), number);
  require<UsageError>(
      error == std::errc() && end == label.data() + label.size() && number >= 1 && number <= names.size(),
      "{}: no column '{}': it is neither a name nor a number in 1..{}", file, label, names.size());
  return number - 1;
}

bool TextSource::problem(std::string text) {
  what_ = std::move(text);
  return false;
}

bool TextSource::number(std::string_view text, double& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range && end == text.data() + text.size()) {
    value = kMissing;  // beyond what a double holds
    ++counts_.not_finite;
    return true;
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    if (!is_missing(text)) return false;
    value = kMissing;
    return true;
  }
  if (!std::isfinite(value)) {
    value = kMissing;
    ++counts_.not_finite;
  }
  return true;
}

double TextSource::class_index(std::string_view text) {
  if (const int known = classes_.find(text); known >= 0) return known;
  ++counts_.new_classes;
  return classes_.add(text, schema_.label.values);
}

bool TextSource::label(std::string_view text, double& y) {
  if (is_missing(text)) {
    y = kMissing;
  } else if (schema_.label.nominal) {
    if (classes_.find(text) < 0 && schema_.classes() >= kMostClasses)
      return problem(fmt::format("more than {} classes", kMostClasses));
    y = class_index(text);
  } else if (!number(text, y)) {
    return problem(fmt::format("the label '{}' is no number", text));
  }
  return true;
}

void TextSource::look_ahead() {
  std::string_view line;
  while (ahead_.size() < static_cast<size_t>(std::max(1, options_.guess_rows)) && lines_.next(line))
    ahead_.emplace_back(lines_.number(), line);
}

void TextSource::bound_values(Attribute& input) const {
  if (!input.nominal || input.values.size() <= static_cast<size_t>(options_.most_values)) return;
  input = Attribute::numeric(std::move(input.name));
  input.left_out = true;
}

std::vector<ValueIndex> TextSource::take_known() {
  schema_ = *options_.known;
  remember_classes();
  std::vector<ValueIndex> values;
  for (const auto& input : schema_.inputs) values.emplace_back(input.values);
  return values;
}

size_t TextSource::read(RowBlock& block, size_t most) {
  block.width = schema_.width();
  block.clear();
  row_lines_.clear();
  std::string held;
  std::string_view line;
  while (block.size() < most) {
    if (!ahead_.empty()) {
      held = std::move(ahead_.front().second);
      row_line_ = ahead_.front().first;
      ahead_.pop_front();
      line = held;
    } else if (block.size() > 0 && !lines_.ready()) {
      break;
    } else if (lines_.next(line)) {
      row_line_ = lines_.number();
    } else {
      break;
    }
    if (const auto text = trimmed(line); text.empty() || (comment_ && text.front() == comment_)) continue;
    double* x = block.add();
    what_.clear();
    const int64_t unknown_values = counts_.unknown_values, not_finite = counts_.not_finite;
    const int classes = schema_.classes();
    bool whole = parse(line, x, block.y.back());
    if (whole && lines_.cut() && schema_.classes() > classes)
      whole = problem("no line end, and a class that did not come before: taken as cut off");
    if (whole) {
      ++counts_.rows;
      row_lines_.push_back(row_line_);
      continue;
    }
    // As if it had never been there.
    block.x.resize(block.x.size() - block.width);
    block.y.pop_back();
    counts_.unknown_values = unknown_values;
    counts_.not_finite = not_finite;
    if (schema_.classes() > classes) {
      classes_.take_back(schema_.label.values);
      --counts_.new_classes;
    }
    const std::string where = fmt::format("line {}", row_line_);
    if (options_.strict) throw DataError(lines_.name(), where, what_);
    if (counts_.skipped++ == 0) counts_.first_problem = where + ": " + what_;
  }
  return block.size();
}

std::unique_ptr<TextSource> open_text(ByteSourcePtr bytes, const std::string& name,
                                      const ReaderOptions& options) {
  Lines lines(std::move(bytes), name);
  if (options.known && options.format != "auto")  // waits for nothing
    return options.format == "jsonl" ? open_json_lines(std::move(lines), options, "")
                                     : open_csv(std::move(lines), options, "");
  std::string_view line;
  bool any = false;
  while ((any = lines.next(line)) && trimmed(line).empty()) {
  }
  if (!any) throw DataError(name, "", "the stream is empty");
  refuse_other_text(line, lines);
  const std::string format = options.format == "auto" ? format_of(line) : options.format;
  std::string first(line);
  if (format == "arff") return open_arff(std::move(lines), options, std::move(first));
  if (format == "csv") return open_csv(std::move(lines), options, std::move(first));
  if (format == "libsvm") return open_libsvm(std::move(lines), options, std::move(first));
  require<UsageError>(format == "jsonl", "format = '{}' is none of: auto, arff, csv, libsvm, jsonl", format);
  return open_json_lines(std::move(lines), options, std::move(first));
}

std::unique_ptr<TextSource> open_text(const std::filesystem::path& path, const ReaderOptions& options) {
  return open_text(open_bytes(path), path == "-" ? "stdin" : path.string(), options);
}

}  // namespace conclave::stream
