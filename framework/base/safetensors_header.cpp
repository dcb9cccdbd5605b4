#include "framework/base/safetensors_header.h"

#include <algorithm>
#include <set>

#include "framework/base/error.h"
#include "framework/base/json_problem.h"

namespace conclave {
namespace {

constexpr size_t kMaxRank = 64;

struct DtypeBits {
  std::string_view dtype;
  int bits;
};
constexpr DtypeBits kDtypes[] = {
    {"BOOL", 8}, {"U8", 8},   {"I8", 8},    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"I16", 16},
    {"U16", 16}, {"F16", 16}, {"BF16", 16}, {"I32", 32},    {"U32", 32},    {"F32", 32},    {"F64", 64},
    {"I64", 64}, {"U64", 64}, {"C64", 64},  {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},
};

/// Reads the JSON as events, so that a hostile header can neither nest deeply nor name a tensor twice.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) {}
  SafetensorsHeader header;

  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { return unexpected("a fraction"); }
  bool binary(binary_t&) override { return unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::shape) {
      if (value > INT64_MAX) fail("a dimension of 2^63 or more");
      if (entry_.shape.size() == kMaxRank) fail(fmt::format("more than {} dimensions", kMaxRank));
      entry_.shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (place_ == Place::offsets) {
      if (offsets_.size() == 2) fail("more than two data_offsets");
      offsets_.push_back(value);
      return true;
    }
    return unexpected("a number");
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      header.metadata[key_] = value;
      return true;
    }
    if (place_ != Place::entry || key_ != "dtype") return unexpected("text");
    entry_.dtype = value;
    return true;
  }

  bool key(string_t& value) override {
    key_ = value;
    const bool fresh = place_ == Place::top     ? names_.insert(value).second
                       : place_ == Place::entry ? fields_.insert(value).second
                                                : !header.metadata.contains(value);
    if (!fresh) fail(fmt::format("\"{}\" is there twice", value));
    return true;
  }

  bool start_object(size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::top;
    } else if (place_ == Place::top && key_ == "__metadata__") {
      place_ = Place::metadata;
    } else if (place_ == Place::top) {
      place_ = Place::entry;
      entry_ = {};
      entry_.name = key_;
      offsets_.clear();
      fields_.clear();
    } else {
      return unexpected("an object");
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::entry) finish_entry();
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool start_array(size_t) override {
    if (place_ == Place::entry && key_ == "shape") {
      place_ = Place::shape;
    } else if (place_ == Place::entry && key_ == "data_offsets") {
      place_ = Place::offsets;
    } else {
      return unexpected("a list");
    }
    return true;
  }

  bool end_array() override {
    place_ = Place::entry;
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& e) override {
    throw DataError(file_, fmt::format("offset {}", position + 8), "the header is " + json_problem(e));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(file_, entry_.name.empty() ? "header" : fmt::format("tensor \"{}\"", entry_.name), what);
  }

 private:
  enum class Place { outside, top, metadata, entry, shape, offsets };

  bool unexpected(const char* what) {
    fail(fmt::format("{} where the format has none (at \"{}\")", what, key_));
  }

  void finish_entry() {
    for (const char* field : {"dtype", "shape", "data_offsets"})
      if (!fields_.contains(field)) fail(fmt::format("no \"{}\"", field));
    if (offsets_.size() != 2) fail("data_offsets must have two numbers");
    entry_.begin = offsets_[0];
    entry_.end = offsets_[1];
    const auto bits = safetensors_bits(entry_.dtype);
    if (!bits) fail(fmt::format("dtype \"{}\" is unknown", entry_.dtype));
    const auto bytes = safetensors_bytes(*bits, entry_.shape);
    if (!bytes) fail("the shape has too many elements, or not a whole number of bytes");
    if (entry_.end < entry_.begin || entry_.end - entry_.begin != *bytes)
      fail(fmt::format("data_offsets [{}, {}] do not fit the {} bytes of its dtype and shape", entry_.begin,
                       entry_.end, *bytes));
    header.entries.push_back(std::move(entry_));
    entry_ = {};
  }

  std::string file_, key_;
  Place place_ = Place::outside;
  SafetensorsEntry entry_;
  std::vector<uint64_t> offsets_;
  std::set<std::string> names_, fields_;
};

/// Sorts by place and checks that the entries tile the data exactly.
void check_layout(std::vector<SafetensorsEntry>& entries, uint64_t data_bytes, const std::string& file) {
  std::stable_sort(entries.begin(), entries.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t place = 0;
  for (const auto& e : entries) {
    if (e.begin != place)
      throw DataError(file, fmt::format("tensor \"{}\"", e.name),
                      fmt::format("its data starts at {}, {} the data before it, which ends at {}", e.begin,
                                  e.begin < place ? "inside" : "with a gap after", place));
    if (e.end > data_bytes)
      throw DataError(
          file, fmt::format("tensor \"{}\"", e.name),
          fmt::format("its data ends at {}, but the file has only {} bytes of data", e.end, data_bytes));
    place = e.end;
  }
  if (place != data_bytes)
    throw DataError(file, fmt::format("data offset {}", place),
                    fmt::format("{} bytes belong to no tensor", data_bytes - place));
}

}  // namespace

std::optional<int> safetensors_bits(std::string_view dtype) {
  for (const auto& known : kDtypes)
    if (known.dtype == dtype) return known.bits;
  return std::nullopt;
}

std::optional<uint64_t> safetensors_bytes(int bits, const std::vector<int64_t>& shape) {
  // Zero dimensions count as one in the overflow check: strides are made of the others.
  int64_t checked = bits;
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(checked, std::max<int64_t>(size, 1), &checked))
      return std::nullopt;
    empty |= size == 0;
  }
  if (empty) return 0;
  if (checked % 8 != 0) return std::nullopt;
  return static_cast<uint64_t>(checked / 8);
}

SafetensorsHeader parse_safetensors_header(std::string_view file, const std::string& name) {
  if (file.size() < 8)
    throw DataError(name, "", fmt::format("{} bytes are no safetensors file", file.size()));
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(file[i]);
  if (length > kMaxSafetensorsHeader)
    throw DataError(
        name, "offset 0",
        fmt::format("a header of {} bytes is over the limit of {}", length, kMaxSafetensorsHeader));
  if (length > file.size() - 8)
    throw DataError(
        name, "offset 0",
        fmt::format("a header of {} bytes does not fit the {} bytes that follow", length, file.size() - 8));
  const std::string_view text = file.substr(8, length);
  if (text.empty() || text.front() != '{')
    throw DataError(name, "offset 8", "the header does not start with {");

  HeaderReader reader(name);
  Json::sax_parse(text.begin(), text.end(), &reader);
  check_layout(reader.header.entries, file.size() - 8 - length, name);
  reader.header.data_offset = 8 + length;
  return std::move(reader.header);
}

std::string format_safetensors_header(const std::vector<SafetensorsEntry>& entries,
                                      const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  try {
    if (!metadata.empty()) text += "\"__metadata__\":" + Json(metadata).dump();
    for (const auto& e : entries) {
      const Json fields = {
          {"dtype", e.dtype}, {"shape", e.shape}, {"data_offsets", Json::array({e.begin, e.end})}};
      text += (text.size() > 1 ? "," : "") + Json(e.name).dump() + ":" + fields.dump();
    }
  } catch (const nlohmann::json::type_error& e) {
    throw UsageError(fmt::format("[safetensors] a name or the metadata is not UTF-8 ({})", e.what()));
  }
  text += "}";
  text.append((64 - (text.size() + 8) % 64) % 64, ' ');
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(text.size() >> (8 * i));
  return bytes + text;
}

}  // namespace conclave
