#include "apps/common/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <numeric>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/paths.h"

namespace conclave {
namespace {

constexpr std::string_view kTypeNames[] = {"boolean", "integer", "number", "text", "path"};
constexpr std::string_view kWanted[] = {"true or false", "a whole number", "a number", "text", "a path"};

std::string_view type_name(OptionType type) {
  return kTypeNames[static_cast<size_t>(type)];
}

template <class T>
std::optional<T> number(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  return !text.empty() && failure == std::errc() && stop == end ? std::optional(value) : std::nullopt;
}

// Text as the type asks; null when it does not fit.
Json parse_text(OptionType type, const std::string& text) {
  switch (type) {
    case OptionType::boolean:
      if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
      if (text == "false" || text == "0" || text == "no" || text == "off") return false;
      return nullptr;
    case OptionType::integer:
      if (const auto value = number<int64_t>(text)) return *value;
      if (const auto value = number<uint64_t>(text)) return *value;
      return nullptr;
    case OptionType::number:
      if (const auto value = number<double>(text)) return *value;
      return nullptr;
    default:
      return text;
  }
}

bool fits(OptionType type, const Json& value) {
  switch (type) {
    case OptionType::boolean:
      return value.is_boolean();
    case OptionType::integer:
      return value.is_number_integer();
    case OptionType::number:
      return value.is_number();
    default:
      return value.is_string();
  }
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

// "NUMBER", "cpu|cuda": what --help shows behind the name.
std::string value_name(const std::vector<std::string>& choices, OptionType type) {
  if (!choices.empty()) return fmt::format("{}", fmt::join(choices, "|"));
  std::string name(type_name(type));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

std::string default_text(const Json& value) {
  if (value.is_null() || value.empty() || value == "" || value == false) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  size_t best = std::min(word.size(), std::max<size_t>(2, word.size() / 3) + 1);
  std::string found;
  for (const auto& candidate : known) {
    std::vector<size_t> row(candidate.size() + 1);  // edit distance, one row at a time
    std::iota(row.begin(), row.end(), size_t{0});
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = std::exchange(row[0], i);
      for (size_t j = 1; j <= candidate.size(); ++j)
        diagonal = std::exchange(
            row[j], std::min({row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] != candidate[j - 1])}));
    }
    if (row.back() < best) {
      best = row.back();
      found = candidate;
    }
  }
  return found;
}

std::string Option::shown_name() const {
  if (!positional_) return "--" + name_;
  std::string shown = name_;
  std::transform(shown.begin(), shown.end(), shown.begin(), [](unsigned char c) { return std::toupper(c); });
  return shown;
}

Json Option::describe() const {
  Json about{{"name", name_}, {"type", type_name(type_)},  {"default", default_},
             {"help", help_}, {"choices", choices_},       {"required", required_},
             {"list", list_}, {"positional", positional_}, {"group", group_}};
  if (!positional_) about["flag"] = "--" + name_;
  if (low_) about["minimum"] = *low_;
  if (high_) about["maximum"] = *high_;
  return about;
}

Json Option::parse(const std::vector<std::string>& texts, const std::string& origin) const {
  auto one = [&](const std::string& text) {
    Json value = parse_text(type_, text);
    if (value.is_null())
      throw UsageError(fmt::format("{}: '{}' is not {}", origin, text, kWanted[static_cast<size_t>(type_)]));
    return value;
  };
  if (!list_) return check(one(texts.back()), origin);
  Json list = Json::array();
  for (const auto& text : texts) {
    if (type_ == OptionType::text || type_ == OptionType::path) {
      list.push_back(text);  // a comma may belong to the text
      continue;
    }
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) list.push_back(one(part));
  }
  return check(std::move(list), origin);
}

Json Option::check_one(Json value, const std::string& origin) const {
  if (!fits(type_, value))
    throw UsageError(
        fmt::format("{}: {} is not {}", origin, value.dump(), kWanted[static_cast<size_t>(type_)]));
  if (!choices_.empty()) {
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (std::find(choices_.begin(), choices_.end(), text) == choices_.end())
      throw UsageError(fmt::format("{}: '{}' is none of: {}", origin, text, joined(choices_)));
  }
  if (value.is_number()) {
    const double x = value.get<double>();
    require<UsageError>(!(low_ && !(x >= *low_)), "{}: {} is below {}", origin, value.dump(),
                        low_.value_or(0));
    require<UsageError>(!(high_ && !(x <= *high_)), "{}: {} is above {}", origin, value.dump(),
                        high_.value_or(0));
  }
  if (type_ == OptionType::path) {
    const auto path = expand_user(value.get<std::string>());
    require<UsageError>(!existing_ || std::filesystem::exists(path), "{}: no such file or folder: '{}'",
                        origin, path.string());
    return path.string();
  }
  return value;
}

Json Option::check(Json value, const std::string& origin) const {
  if (!list_) return check_one(std::move(value), origin);
  if (!value.is_array()) value = Json::array({value});
  for (auto& item : value) item = check_one(std::move(item), origin);
  return value;
}

bool Options::parse(const std::string& program, const std::string& about, const std::string& examples,
                    const std::vector<std::string>& arguments) {
  CLI::App cli(about, program);
  cli.get_formatter()->column_width(34);
  if (!examples.empty()) cli.footer("Examples:\n" + examples);
  std::vector<CLI::Option*> parsed, negated(options_.size(), nullptr);
  for (const Option& option : options_) {
    const bool is_flag = option.type_ == OptionType::boolean && !option.list_ && !option.positional_;
    CLI::Option* made = nullptr;
    if (is_flag) {
      made = cli.add_flag("--" + option.name_, option.help_);
      // For what a file may have switched on; not shown where that is plain.
      if (!option.name_.starts_with("no-")) {
        // Const: CLI11 would take a variable for the flag's target.
        const std::string about = "Switch --" + option.name_ + " off";
        negated[parsed.size()] =
            cli.add_flag("--no-" + option.name_, about)->group(option.default_ == true ? option.group_ : "");
      }
    } else {
      std::string name = option.positional_ ? option.name_ : "--" + option.name_;
      if (option.letter_) name = fmt::format("-{},{}", option.letter_, name);
      made = cli.add_option(
          name, [](const CLI::results_t&) { return true; }, option.help_);
      made->type_size(1)->type_name(value_name(option.choices_, option.type_));
      made->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      if (option.list_ && option.positional_)
        made->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args();
      else
        made->expected(1);
      made->default_str(default_text(option.default_));
    }
    made->group(option.group_);
    parsed.push_back(made);
  }
  try {
    cli.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants them backwards
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", cli.help());
    return false;
  } catch (const CLI::ExtrasError&) {
    for (const auto& word : cli.remaining()) {
      const std::string near = word.starts_with("--") ? nearest(word.substr(2), names()) : "";
      throw UsageError(near.empty() ? fmt::format("unknown argument '{}'", word)
                                    : fmt::format("unknown option '{}'; did you mean --{}?", word, near));
    }
    throw;
  } catch (const CLI::ParseError& e) {
    throw UsageError(e.what());
  }
  given_.clear();
  for (size_t i = 0; i < parsed.size(); ++i) {
    given_.push_back(parsed[i]->results());
    if (!negated[i] || negated[i]->count() == 0) continue;
    require<UsageError>(given_[i].empty(), "--{0} and --no-{0} exclude each other", options_[i].name_);
    given_[i] = {"false"};
  }
  for (size_t i = 0; i < options_.size(); ++i)
    require<UsageError>(
        options_[i].list_ || given_[i].size() <= 1 || options_[i].type_ == OptionType::boolean,
        "{} is given {} times", options_[i].shown_name(), given_[i].size());
  return true;
}

Json Options::given(const std::string& name) const {
  for (size_t i = 0; i < given_.size(); ++i)
    if (options_[i].name_ == name && !given_[i].empty())
      return options_[i].parse(given_[i], options_[i].shown_name());
  return nullptr;
}

std::vector<ResolvedOption> Options::resolve(const Settings& settings, const std::string& app,
                                             const std::string& verb, bool partial) {
  std::vector<ResolvedOption> resolved;
  for (const Option& option : options_) {
    ResolvedOption one{option.name_, given(option.name_), SettingLayer::flag, option.shown_name()};
    if (one.value.is_null() && !option.flag_only_) {
      std::vector<std::string> keys{app + "." + verb + "." + option.name_, app + "." + option.name_};
      if (option.shared_) keys.push_back(option.name_);
      if (const auto setting = settings.find(keys)) {
        const bool text = setting->layer == SettingLayer::environment;
        one.origin = setting->origin;
        one.layer = setting->layer;
        one.value = text ? option.parse({setting->value.get<std::string>()}, one.origin)
                         : option.check(setting->value, fmt::format("{}: {}", one.origin, setting->key));
      }
    }
    if (one.value.is_null()) {
      one.layer = SettingLayer::fallback;
      one.origin.clear();
      one.value = option.default_;
      require<UsageError>(!option.required_ || partial, "{} is required", option.shown_name());
    } else {
      option.assign_(one.value);
    }
    resolved.push_back(std::move(one));
  }
  return resolved;
}

Json Options::describe() const {
  Json list = Json::array();
  for (const Option& option : options_) list.push_back(option.describe());
  return list;
}

std::vector<std::string> Options::names() const {
  std::vector<std::string> all;
  for (const Option& option : options_)
    if (!option.positional_) all.push_back(option.name_);
  return all;
}

bool Options::has_key(std::string_view key) const {
  return std::any_of(options_.begin(), options_.end(),
                     [&](const Option& o) { return !o.flag_only_ && setting_key(o.name_) == key; });
}

}  // namespace conclave
