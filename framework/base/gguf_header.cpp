#include "framework/base/gguf_header.h"

#include <cstring>
#include <set>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr uint64_t kMostListed = 1'000'000;  // a vocabulary has some hundred thousand entries
constexpr uint32_t kMostDimensions = 4;

enum class ValueKind : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, list, u64, i64, f64 };

class Reader {
 public:
  Reader(std::string_view file, const std::string& name) : file_(file), name_(name) {}

  uint64_t place() const { return place_; }
  uint64_t left() const { return file_.size() - place_; }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(name_, fmt::format("offset {}", place_), what);
  }

  template <class T>
  T number() {
    T value;
    const auto bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string string() { return std::string(take(number<uint64_t>())); }

  Json value(uint32_t kind) {
    switch (static_cast<ValueKind>(kind)) {
      case ValueKind::u8:
        return number<uint8_t>();
      case ValueKind::i8:
        return number<int8_t>();
      case ValueKind::u16:
        return number<uint16_t>();
      case ValueKind::i16:
        return number<int16_t>();
      case ValueKind::u32:
        return number<uint32_t>();
      case ValueKind::i32:
        return number<int32_t>();
      case ValueKind::f32:
        return number<float>();
      case ValueKind::boolean:
        return number<uint8_t>() != 0;
      case ValueKind::text:
        return string();
      case ValueKind::list:
        return values();
      case ValueKind::u64:
        return number<uint64_t>();
      case ValueKind::i64:
        return number<int64_t>();
      case ValueKind::f64:
        return number<double>();
      default:
        fail(fmt::format("a value of type {}: known are 0 to 12", kind));
    }
  }

 private:
  std::string_view take(uint64_t bytes) {
    if (bytes > left()) fail(fmt::format("{} more bytes are expected, the file has {}", bytes, left()));
    const auto found = file_.substr(place_, bytes);
    place_ += bytes;
    return found;
  }

  Json values() {
    const auto kind = number<uint32_t>();
    const auto count = number<uint64_t>();
    if (static_cast<ValueKind>(kind) == ValueKind::list) fail("a list of lists");
    if (count > kMostListed || count > left())
      fail(fmt::format("a list of {} values: at most {} and one a byte of the file", count, kMostListed));
    Json found = Json::array();
    for (uint64_t i = 0; i < count; ++i) found.push_back(value(kind));
    return found;
  }

  std::string_view file_;
  const std::string& name_;
  uint64_t place_ = 0;
};

GgufTensor read_tensor(Reader& reader) {
  GgufTensor tensor;
  tensor.name = reader.string();
  const auto dimensions = reader.number<uint32_t>();
  if (dimensions > kMostDimensions)
    reader.fail(fmt::format("'{}' has {} dimensions: at most {}", tensor.name, dimensions, kMostDimensions));
  constexpr uint64_t kMost = uint64_t{1} << 48;
  uint64_t count = 1, inner = 1;
  for (uint32_t i = 0; i < dimensions; ++i) {
    const auto size = reader.number<uint64_t>();
    if (size > kMost || (size > 0 && count > kMost / size))
      reader.fail(fmt::format("'{}' has too many elements", tensor.name));
    count *= size;
    if (i == 0) inner = size;
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));
  }
  tensor.type = reader.number<uint32_t>();
  const auto type = gguf_type(tensor.type);
  if (!type)
    reader.fail(
        fmt::format("'{}' is of type {}: read are F32 (0), F16 (1), Q4_0 (2), Q8_0 (8), Q4_K (12), Q6_K "
                    "(14) and BF16 (30)",
                    tensor.name, tensor.type));
  const auto values = static_cast<uint64_t>(type->values);
  if (inner % values != 0)
    reader.fail(fmt::format("'{}' has rows of {} values: {} has blocks of {}", tensor.name, inner, type->name,
                            values));
  tensor.bytes = count / values * static_cast<uint64_t>(type->bytes);
  tensor.begin = reader.number<uint64_t>();  // within the data
  return tensor;
}

uint64_t alignment_of(const Json& metadata, const Reader& reader) {
  const Json value = metadata.value("general.alignment", Json(32));
  const int64_t alignment = value.is_number_integer() ? value.get<int64_t>() : 0;
  if (alignment < 8 || alignment > 65536 || alignment % 8 != 0)
    reader.fail("general.alignment = " + value.dump() + ": must be a multiple of 8 up to 65536");
  return static_cast<uint64_t>(alignment);
}

}  // namespace

std::optional<GgufType> gguf_type(uint32_t type) {
  switch (type) {
    case 0:
      return GgufType{"F32", 1, 4};
    case 1:
      return GgufType{"F16", 1, 2};
    case 2:
      return GgufType{"Q4_0", 32, 18};
    case 8:
      return GgufType{"Q8_0", 32, 34};
    case 12:
      return GgufType{"Q4_K", 256, 144};
    case 14:
      return GgufType{"Q6_K", 256, 210};
    case 30:
      return GgufType{"BF16", 1, 2};
    default:
      return std::nullopt;
  }
}

GgufHeader parse_gguf_header(std::string_view file, const std::string& name) {
  Reader reader(file, name);
  if (!file.starts_with("GGUF")) reader.fail("is no GGUF file");
  reader.number<uint32_t>();
  const auto version = reader.number<uint32_t>();
  if (version != 2 && version != 3)
    reader.fail(fmt::format("GGUF of version {}: read are 2 and 3, little-endian", version));
  const auto tensors = reader.number<uint64_t>(), pairs = reader.number<uint64_t>();
  // A pair takes 13 bytes at least, a tensor 24.
  if (pairs > reader.left() / 13 || tensors > reader.left() / 24)
    reader.fail(fmt::format("{} pairs and {} tensors do not fit into {} bytes", pairs, tensors, file.size()));
  GgufHeader header;
  header.metadata = Json::object();
  std::set<std::string> seen;
  for (uint64_t i = 0; i < pairs; ++i) {
    const std::string key = reader.string();
    if (!seen.insert(key).second) reader.fail("the key '" + key + "' comes twice");
    const auto kind = reader.number<uint32_t>();
    header.metadata.push_back({key, reader.value(kind)});
  }
  seen.clear();
  for (uint64_t i = 0; i < tensors; ++i) {
    header.tensors.push_back(read_tensor(reader));
    if (!seen.insert(header.tensors.back().name).second)
      reader.fail("the tensor '" + header.tensors.back().name + "' comes twice");
  }
  const uint64_t alignment = alignment_of(header.metadata, reader);
  const uint64_t data = (reader.place() + alignment - 1) / alignment * alignment;
  for (auto& tensor : header.tensors) {
    if (tensor.begin % alignment != 0 || data > file.size() || tensor.begin > file.size() - data ||
        tensor.bytes > file.size() - data - tensor.begin)
      throw DataError(name, "",
                      fmt::format("'{}' takes {} bytes from {} of the data on, which the file of {} bytes "
                                  "does not have, or not at a multiple of {}",
                                  tensor.name, tensor.bytes, tensor.begin, file.size(), alignment));
    tensor.begin += data;
  }
  return header;
}

}  // namespace conclave
