/// Numbers out of bytes, with every place checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "framework/base/error.h"

namespace conclave {

class ByteView {
 public:
  ByteView(std::string_view bytes, const std::string& name, bool big_endian)
      : bytes_(bytes), name_(name), big_endian_(big_endian) {}

  size_t size() const { return bytes_.size(); }
  bool holds(uint64_t at, uint64_t count) const { return at <= bytes_.size() && count <= bytes_.size() - at; }
  /// Throws DataError "is cut off" unless `count` bytes lie at `at`.
  void need(uint64_t at, uint64_t count) const {
    if (!holds(at, count))
      throw DataError(name_, fmt::format("offset {}", at),
                      fmt::format("the file is cut off: it ends at {}", bytes_.size()));
  }
  uint64_t number(uint64_t at, int count) const {
    need(at, static_cast<uint64_t>(count));
    uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
      const auto byte =
          static_cast<uint8_t>(bytes_[at + static_cast<uint64_t>(big_endian_ ? i : count - 1 - i)]);
      value = value << 8 | byte;
    }
    return value;
  }
  uint8_t u8(uint64_t at) const { return static_cast<uint8_t>(number(at, 1)); }
  uint16_t u16(uint64_t at) const { return static_cast<uint16_t>(number(at, 2)); }
  uint32_t u32(uint64_t at) const { return static_cast<uint32_t>(number(at, 4)); }
  std::string_view text(uint64_t at, uint64_t count) const {
    need(at, count);
    return bytes_.substr(at, count);
  }

 private:
  std::string_view bytes_;
  const std::string& name_;
  bool big_endian_;
};

}  // namespace conclave
