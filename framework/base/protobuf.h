/// Protocol buffers read field by field, without a schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave {

struct ProtoField {
  enum class Wire { kNumber = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
  uint32_t number = 0;
  Wire wire = Wire::kNumber;
  uint64_t value = 0;      ///< of numbers and fixed ones
  std::string_view bytes;  ///< of texts and messages
  size_t offset = 0;       ///< where it begins in the file
};

/// Walks over the fields of one message. Nothing is copied; `message` and `file` must outlive it.
class ProtoReader {
 public:
  /// `file` and `offset`, the message's place in it, stand in messages.
  ProtoReader(std::string_view message, const std::string& file, size_t offset = 0)
      : rest_(message), file_(&file), offset_(offset) {}

  /// The next field; empty at the end. Throws DataError when it is cut or of an unknown kind.
  std::optional<ProtoField> next();

 private:
  [[noreturn]] void fail(const std::string& what) const;
  std::string_view take(uint64_t count);
  uint64_t number();
  uint64_t fixed(size_t bytes);

  std::string_view rest_;
  const std::string* file_;
  size_t offset_;
};

}  // namespace conclave
