#include "ui/form/verb_description.h"

#include <algorithm>

#include "framework/base/error.h"
#include "ui/data/format.h"
#include "ui/process/shell_words.h"

namespace conclave::ui {
namespace {

QString member_text(const Json& object, const char* key) {
  return QString::fromStdString(object.value(key, std::string()));
}

VerbOption parse_option(const Json& json) {
  VerbOption option;
  option.name = QString::fromStdString(json.at("name").get<std::string>());
  option.type = QString::fromStdString(json.at("type").get<std::string>());
  option.help = member_text(json, "help");
  option.group = member_text(json, "group");
  option.flag = member_text(json, "flag");
  option.fallback = json.at("default");
  for (const Json& choice : json.at("choices"))
    option.choices << QString::fromStdString(choice.get<std::string>());
  option.required = json.value("required", false);
  option.list = json.value("list", false);
  option.positional = json.value("positional", false);
  if (json.contains("minimum")) option.low = json["minimum"].get<double>();
  if (json.contains("maximum")) option.high = json["maximum"].get<double>();
  return option;
}

VerbDescription parse_verb(const Json& json) {
  VerbDescription verb{member_text(json, "app"),
                       member_text(json, "verb"),
                       member_text(json, "summary"),
                       member_text(json, "examples"),
                       {}};
  for (const Json& option : json.at("options")) verb.options.push_back(parse_option(option));
  return verb;
}

template <class Read>
auto read_description(const QByteArray& json, Read read) {
  const Json parsed = parse_json({json.constData(), static_cast<size_t>(json.size())}, "--describe");
  try {
    return read(parsed);
  } catch (const Json::exception& e) {
    throw DataError("--describe", "", e.what());
  }
}

Json single_value(const VerbOption& option, const QString& text) {
  const std::string name = option.name.toStdString(), value = text.toStdString();
  if (!option.numeric()) {
    require<UsageError>(option.choices.isEmpty() || option.choices.contains(text), "{}: '{}' is none of {}",
                        name, value, option.choices.join(", ").toStdString());
    return value;
  }
  bool ok = false;
  const double number =
      option.type == "integer" ? static_cast<double>(text.toLongLong(&ok)) : text.toDouble(&ok);
  require<UsageError>(ok, "{}: '{}' is no {}", name, value,
                      option.type == "integer" ? "whole number" : "number");
  require<UsageError>(!option.low || number >= *option.low, "{}: {} is below {}", name, value,
                      option.low.value_or(0));
  require<UsageError>(!option.high || number <= *option.high, "{}: {} is above {}", name, value,
                      option.high.value_or(0));
  return option.type == "integer" ? Json(text.toLongLong()) : Json(number);
}

QString single_text(const Json& value) {
  return QString::fromStdString(value.is_string() ? value.get<std::string>() : value.dump());
}

}  // namespace

const VerbOption* VerbDescription::find(const QString& name) const {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const VerbOption& o) { return o.name == name; });
  return found == options.end() ? nullptr : &*found;
}

VerbDescription parse_description(const QByteArray& json) {
  return read_description(json, parse_verb);
}

std::vector<VerbDescription> parse_descriptions(const QByteArray& json) {
  return read_description(json, [](const Json& all) {
    std::vector<VerbDescription> verbs;
    for (const Json& verb : all.at("verbs")) verbs.push_back(parse_verb(verb));
    return verbs;
  });
}

Json option_value(const VerbOption& option, const QString& text) {
  const QString trimmed = text.trimmed();
  if (trimmed.isEmpty()) return nullptr;
  if (option.type == "boolean") return trimmed == "true";
  if (!option.list) return single_value(option, trimmed);
  Json list = Json::array();
  for (const QString& part : option.numeric() ? trimmed.split(',') : shell_words(trimmed))
    list.push_back(single_value(option, part.trimmed()));
  return list;
}

QString option_text(const VerbOption& option, const Json& value) {
  if (value.is_null()) return {};
  if (!value.is_array()) return single_text(value);
  QStringList parts;
  for (const Json& part : value) parts << single_text(part);
  return option.numeric() ? parts.join(',') : shell_text(parts);
}

QStringList option_words(const VerbOption& option, const Json& value) {
  if (value.is_null()) return {};
  if (option.type == "boolean") return {value.get<bool>() ? option.flag : "--no-" + option.name};
  QStringList words;
  if (value.is_array() && option.numeric()) return {option.flag, option_text(option, value)};
  for (const Json& part : value.is_array() ? value : Json::array({value})) {
    if (!option.positional) words << option.flag;
    words << single_text(part);
  }
  return words;
}

}  // namespace conclave::ui
