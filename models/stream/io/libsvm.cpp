// libsvm's sparse rows: "label index:value ...", indices from 1; what is not named is 0.
#include <algorithm>
#include <charconv>

#include "framework/base/error.h"
#include "models/stream/io/text_source.h"

namespace conclave::stream {
namespace {

// The next word between spaces; empty at the end of the row or before a comment.
std::string_view take_word(std::string_view& rest) {
  rest = trimmed(rest);
  const auto word = rest.substr(0, rest.find_first_of(" \t"));
  rest.remove_prefix(word.size());
  if (!word.starts_with('#')) return word;
  rest = {};
  return {};
}

class LibSvm final : public TextSource {
 public:
  LibSvm(Lines lines, const ReaderOptions& options, std::string first)
      : TextSource(std::move(lines), options) {
    comment_ = '#';
    ahead_.emplace_back(lines_.number(), std::move(first));
    if (options_.known) {
      take_known();
      for (const auto& input : schema_.inputs)
        if (input.nominal)
          throw DataError(lines_.name(), lines_.where(),
                          fmt::format("rows of numbers, but the learner knows '{}' by names", input.name));
      return;
    }
    look_ahead();
    size_t width = 1;
    std::vector<std::string> classes;
    for (const auto& [line, text] : ahead_) {
      std::string_view rest = text;
      const auto label = take_word(rest);
      if (!label.empty()) classes.emplace_back(label);
      for (auto pair = take_word(rest); !pair.empty(); pair = take_word(rest)) {
        size_t index = 0;
        std::from_chars(pair.data(), pair.data() + pair.size(), index);
        if (index <= kMostColumns) width = std::max(width, index);
      }
    }
    schema_.name = lines_.name();
    for (size_t i = 0; i < width; ++i) schema_.inputs.push_back(Attribute::numeric(fmt::format("{}", i + 1)));
    schema_.label = {"label", !options_.regression, {}};
    if (schema_.label.nominal) {
      std::sort(classes.begin(), classes.end(), [](const auto& a, const auto& b) {
        const double x = std::strtod(a.c_str(), nullptr), y = std::strtod(b.c_str(), nullptr);
        return x != y ? x < y : a < b;
      });
      classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
      schema_.label.values = std::move(classes);
    }
    remember_classes();
  }

  std::string format() const override { return "libsvm"; }

 protected:
  bool parse(std::string_view line, double* x, double& y) override {
    std::fill(x, x + schema_.width(), 0.0);
    if (!label(take_word(line), y)) return false;
    for (auto pair = take_word(line); !pair.empty(); pair = take_word(line)) {
      size_t index = 0;
      const char* const end = pair.data() + pair.size();
      const auto [colon, error] = std::from_chars(pair.data(), end, index);
      if (error != std::errc() || colon == end || *colon != ':' || index < 1)
        return problem(fmt::format("'{}' is no pair index:value", pair.substr(0, 40)));
      double value;
      if (!number({colon + 1, static_cast<size_t>(end - colon - 1)}, value))
        return problem(fmt::format("the value of '{}' is no number", pair.substr(0, 40)));
      if (index > static_cast<size_t>(schema_.width()))
        ++counts_.unknown_values;  // a column that the first rows did not show
      else
        x[index - 1] = value;
    }
    return true;
  }
};

}  // namespace

std::unique_ptr<TextSource> open_libsvm(Lines lines, const ReaderOptions& options, std::string first_line) {
  return std::make_unique<LibSvm>(std::move(lines), options, std::move(first_line));
}

}  // namespace conclave::stream
