#include "models/checkpoint/config_template.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "framework/base/config_object.h"
#include "models/checkpoint/name_map.h"

namespace conclave {
namespace {

class TemplateFiller {
 public:
  TemplateFiller(const Json& published, const std::string& path, const std::vector<std::string>& names)
      : published_(published), path_(path), names_(names) {}

  Json fill(const Json& pattern) const {
    if (pattern.is_string()) return text(pattern.get_ref<const std::string&>());
    if (pattern.is_array()) {
      Json list = Json::array();
      for (const auto& item : pattern) list.push_back(fill(item));
      return list;
    }
    if (!pattern.is_object()) return pattern;
    if (pattern.contains("$if")) return fill(holds(fill(pattern["$if"])) ? pattern["then"] : pattern["else"]);
    if (pattern.contains("$case")) return choose(pattern);
    if (pattern.contains("$product")) return product(pattern["$product"]);
    if (pattern.contains("$difference")) return difference(pattern["$difference"]);
    if (pattern.contains("$quotient")) return quotient(pattern["$quotient"]);
    if (pattern.contains("$times")) return times(pattern["$times"]);
    if (pattern.contains("$split")) return split(fill(pattern["$split"]));
    if (pattern.contains("$ratio")) return number(pattern["$ratio"][0]) / divisor(pattern["$ratio"][1]);
    if (pattern.contains("$layers")) return layers(fill(pattern["$layers"]));
    if (pattern.contains("$places")) return places(fill(pattern["$places"]), pattern["of"]);
    if (pattern.contains("$having")) return having(pattern["$having"].get<std::string>());
    Json object = Json::object();
    for (const auto& [key, value] : pattern.items()) {
      Json filled = fill(value);
      if (!filled.is_null()) object[key] = std::move(filled);
    }
    return object;
  }

 private:
  static bool holds(const Json& value) {
    if (value.is_boolean()) return value.get<bool>();
    if (value.is_number()) return value != 0;
    return !value.is_null() && !value.empty();
  }

  // The value under a dotted key; null when it is not there.
  Json find(const std::string& dotted) const {
    const Json* at = &published_;
    size_t start = 0;
    while (true) {
      const size_t dot = dotted.find('.', start);
      const auto key = dotted.substr(start, dot == std::string::npos ? dot : dot - start);
      if (at->is_array() && !key.empty() && key.size() < 5 &&
          key.find_first_not_of("0123456789") == std::string::npos && std::stoul(key) < at->size()) {
        at = &(*at)[std::stoul(key)];
      } else {
        if (!at->is_object() || !at->contains(key)) return Json();
        at = &(*at)[key];
      }
      if (dot == std::string::npos) return *at;
      start = dot + 1;
    }
  }

  Json text(const std::string& pattern) const {
    if (pattern.empty() || pattern[0] != '$') return pattern;
    const size_t equals = pattern.find('=');
    const std::string keys = pattern.substr(1, equals == std::string::npos ? equals : equals - 1);
    for (size_t start = 0; start <= keys.size();) {
      const size_t bar = std::min(keys.find('|', start), keys.size());
      Json value = find(keys.substr(start, bar - start));
      if (!value.is_null()) return value;
      start = bar + 1;
    }
    require<UsageError>(equals != std::string::npos, "{}: {} is missing", path_, keys);
    return parse_json(pattern.substr(equals + 1), "fallback of " + keys);
  }

  Json choose(const Json& pattern) const {
    const Json value = fill(pattern["$case"]);
    const auto name = value.is_string() ? value.get<std::string>() : value.dump();
    const Json& of = pattern["of"];
    if (of.contains(name)) return fill(of[name]);
    std::vector<std::string> known;
    for (const auto& [key, unused] : of.items()) known.push_back(key);
    throw UsageError(fmt::format("{}: {} = {} is not supported (supported: {})", path_,
                                 pattern["$case"].get<std::string>().substr(1), name,
                                 fmt::join(known, ", ")));
  }

  double number(const Json& pattern) const {
    const Json value = fill(pattern);
    require<UsageError>(value.is_number(), "{}: {} must be a number, not {}", path_, pattern.dump(),
                        value.dump());
    return value.get<double>();
  }

  double times(const Json& factors) const {
    double all = 1;
    for (const auto& factor : factors) all *= number(factor);
    return all;
  }
  Json product(const Json& factors) const { return whole(times(factors)); }
  Json difference(const Json& numbers) const {
    double rest = number(numbers[0]);
    for (size_t i = 1; i < numbers.size(); ++i) rest -= number(numbers[i]);
    return rest == std::floor(rest) ? whole(rest) : Json(rest);
  }
  Json quotient(const Json& pair) const { return whole(number(pair[0]) / divisor(pair[1])); }
  double divisor(const Json& pattern) const {
    const double over = number(pattern);
    require<UsageError>(over != 0, "{}: {} is 0", path_, pattern.dump());
    return over;
  }
  Json whole(double value) const {
    require<UsageError>(std::abs(value) < 1e15, "{}: {} is out of range", path_, value);
    return static_cast<int64_t>(std::floor(value));
  }

  Json split(const Json& value) const {
    require<UsageError>(value.is_string(), "{}: {} must be a string with commas", path_, value.dump());
    const auto& text = value.get_ref<const std::string&>();
    Json list = Json::array();
    for (size_t start = 0; start <= text.size();) {
      const size_t comma = std::min(text.find(',', start), text.size());
      list.push_back(text.substr(start, comma - start));
      start = comma + 1;
    }
    return list;
  }

  Json layers(const Json& rule) const {
    ConfigObject c(rule, path_);
    const auto count = c.need<int64_t>("count");
    const auto from = c.get_integer("from", 0), every = c.get_integer("every", 1, 1);
    const auto offset = c.get_integer("offset", 0);
    const auto except = c.get("except", std::vector<int64_t>{});
    c.finish();
    require<UsageError>(count <= 100000, "{}: {} layers", path_, count);
    Json list = Json::array();
    for (int64_t i = from; i < count; ++i) {
      if ((i + offset) % every == 0 && std::find(except.begin(), except.end(), i) == except.end())
        list.push_back(i);
    }
    return list;
  }

  Json places(const Json& list, const Json& wanted) const {
    require<UsageError>(list.is_array(), "{}: {} must be a list", path_, list.dump());
    Json found = Json::array();
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i] == wanted) found.push_back(i);
    return found;
  }

  Json having(const std::string& pattern) const {
    const auto star = pattern.find('*');
    std::set<int64_t> numbers;
    for (const auto& name : names_) {
      if (fits(name, pattern)) numbers.insert(std::strtoll(name.c_str() + star, nullptr, 10));
    }
    return Json(numbers);
  }

  const Json& published_;
  const std::string& path_;
  const std::vector<std::string>& names_;
};

}  // namespace

Json fill_template(const Json& pattern, const Json& published, const std::string& path,
                   const std::vector<std::string>& names) {
  require<UsageError>(published.is_object(), "{}: must be an object", path);
  return TemplateFiller(published, path, names).fill(pattern);
}

}  // namespace conclave
