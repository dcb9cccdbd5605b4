// JSON lines: one flat object a row; the columns are the keys of the first rows.
#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/json.h"
#include "models/stream/io/text_source.h"

namespace conclave::stream {
namespace {

constexpr size_t kMostKeys = 100'000;

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

class JsonRows final : public TextSource {
 public:
  JsonRows(Lines lines, const ReaderOptions& options, std::string first)
      : TextSource(std::move(lines), options) {
    if (options_.known) {
      values_ = take_known();
      if (!first.empty()) ahead_.emplace_back(lines_.number(), std::move(first));
      return;
    }
    ahead_.emplace_back(lines_.number(), std::move(first));
    look_ahead();
    std::vector<std::string> names;
    std::vector<bool> nominal;
    std::vector<std::vector<std::string>> seen;
    ValueIndex places;
    for (const auto& [line, text] : ahead_) {
      Json row;
      if (!parse_object(text, row)) continue;
      for (const auto& [key, value] : row.items()) {
        if (value.is_null() || value.is_structured()) continue;
        const size_t at = places.add(key, names);
        if (names.size() > kMostKeys)
          throw DataError(lines_.name(), fmt::format("line {}", line),
                          fmt::format("more than {} keys", kMostKeys));
        nominal.resize(names.size());
        seen.resize(names.size());
        nominal[at] = nominal[at] || !value.is_number();
        seen[at].push_back(text_of(value));
      }
    }
    if (names.size() < 2)
      throw DataError(lines_.name(), lines_.where(), "a row needs at least one input and a class");
    const size_t label = label_column(names, options_.label, lines_.name());
    for (size_t i = 0; i < names.size(); ++i) {
      Attribute column{names[i], i == label ? !options_.regression : bool(nominal[i]), {}};
      if (column.nominal) {
        std::sort(seen[i].begin(), seen[i].end());
        seen[i].erase(std::unique(seen[i].begin(), seen[i].end()), seen[i].end());
        column.values = seen[i];
      }
      if (i != label) bound_values(column);
      if (i == label) {
        schema_.label = std::move(column);
      } else {
        values_.emplace_back(column.values);
        schema_.inputs.push_back(std::move(column));
      }
    }
    schema_.name = lines_.name();
    remember_classes();
  }

  std::string format() const override { return "jsonl"; }

 protected:
  bool parse(std::string_view line, double* x, double& y) override {
    Json row;
    if (!parse_object(line, row)) return problem("no JSON object");
    for (int i = 0; i < schema_.width(); ++i) {
      const auto found = row.find(schema_.inputs[i].name);
      x[i] = kMissing;
      if (found == row.end() || found->is_null() || schema_.inputs[i].left_out) continue;
      if (found->is_structured())
        return problem(fmt::format("'{}' is no plain value", schema_.inputs[i].name));
      if (!schema_.inputs[i].nominal) {
        if (!found->is_number()) return problem(fmt::format("'{}' is no number", schema_.inputs[i].name));
        x[i] = found->get<double>();
        if (!std::isfinite(x[i])) {
          x[i] = kMissing;
          ++counts_.not_finite;
        }
      } else if (const int index = values_[i].find(text_of(*found)); index >= 0) {
        x[i] = index;
      } else {
        ++counts_.unknown_values;
      }
    }
    const auto found = row.find(schema_.label.name);
    if (found == row.end() || found->is_null()) return y = kMissing, true;
    return label(text_of(*found), y);
  }

 private:
  static bool parse_object(std::string_view text, Json& row) {
    row = Json::parse(text, nullptr, false);
    return row.is_object();
  }
  std::vector<ValueIndex> values_;  // by input
};

}  // namespace

std::unique_ptr<TextSource> open_json_lines(Lines lines, const ReaderOptions& options,
                                            std::string first_line) {
  return std::make_unique<JsonRows>(std::move(lines), options, std::move(first_line));
}

}  // namespace conclave::stream
