#include "framework/base/protobuf.h"

#include "framework/base/error.h"

namespace conclave {

void ProtoReader::fail(const std::string& what) const {
  throw DataError(*file_, fmt::format("offset {}", offset_), what);
}

std::string_view ProtoReader::take(uint64_t count) {
  if (count > rest_.size()) fail(fmt::format("a field of {} bytes, {} bytes are left", count, rest_.size()));
  const auto taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  offset_ += count;
  return taken;
}

uint64_t ProtoReader::number() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<uint8_t>(take(1)[0]);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  fail("a number of more than 64 bits");
}

uint64_t ProtoReader::fixed(size_t bytes) {
  const auto taken = take(bytes);
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i)
    value |= static_cast<uint64_t>(static_cast<uint8_t>(taken[i])) << (8 * i);
  return value;
}

std::optional<ProtoField> ProtoReader::next() {
  if (rest_.empty()) return std::nullopt;
  ProtoField field;
  const uint64_t key = number();
  if (key >> 3 == 0 || key >> 3 > 0x1fffffff) fail(fmt::format("field number {}", key >> 3));
  field.number = static_cast<uint32_t>(key >> 3);
  field.wire = static_cast<ProtoField::Wire>(key & 7);
  switch (field.wire) {
    case ProtoField::Wire::kNumber:
      field.value = number();
      break;
    case ProtoField::Wire::kFixed64:
      field.value = fixed(8);
      break;
    case ProtoField::Wire::kFixed32:
      field.value = fixed(4);
      break;
    case ProtoField::Wire::kBytes: {
      const uint64_t size = number();
      field.offset = offset_;
      field.bytes = take(size);
      return field;
    }
    default:
      fail(fmt::format("field {} has the wire type {} (known: 0, 1, 2, 5)", field.number, key & 7));
  }
  field.offset = offset_;
  return field;
}

}  // namespace conclave
