#include "models/stream/io/row_writer.h"

#include <fmt/format.h>

#include <iterator>

namespace conclave::stream {
namespace {

// Quoted when ARFF asks for it.
std::string arff_word(const std::string& word) {
  if (!word.empty() && word.find_first_of(" ,{}%'\"\t\\?") == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string arff_line(const Attribute& attribute) {
  std::string type = "numeric";
  if (attribute.nominal) {
    type = "{";
    for (const auto& value : attribute.values) type += (type.size() > 1 ? "," : "") + arff_word(value);
    type += "}";
  }
  return fmt::format("@attribute {} {}\n", arff_word(attribute.name), type);
}

void append_value(const Attribute& attribute, double value, TextFormat format, std::string& text) {
  if (std::isnan(value)) {
    if (format == TextFormat::arff) text += '?';
  } else if (format == TextFormat::arff && attribute.nominal) {
    text += arff_word(attribute.values[static_cast<size_t>(value)]);
  } else {
    fmt::format_to(std::back_inserter(text), "{}", value);
  }
}

}  // namespace

std::string header_text(const Schema& schema, TextFormat format) {
  std::string text;
  if (format == TextFormat::csv) {
    for (const auto& input : schema.inputs) text += input.name + ",";
    return text + schema.label.name + "\n";
  }
  text = fmt::format("@relation {}\n\n", arff_word(schema.name));
  for (const auto& input : schema.inputs) text += arff_line(input);
  return text + arff_line(schema.label) + "\n@data\n";
}

void append_rows(const Schema& schema, const RowBlock& block, TextFormat format, std::string& text) {
  for (size_t i = 0; i < block.size(); ++i) {
    const auto row = block.row(i);
    for (size_t j = 0; j < row.size(); ++j) {
      append_value(schema.inputs[j], row[j], format, text);
      text += ',';
    }
    append_value(schema.label, block.y[i], format, text);
    text += '\n';
  }
}

}  // namespace conclave::stream
