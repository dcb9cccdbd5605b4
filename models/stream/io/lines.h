/// Lines of text, without copies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/stream/io/bytes.h"

namespace conclave::stream {

class Lines {
 public:
  Lines(ByteSourcePtr bytes, std::string name);
  /// The next line without its end (LF or CR LF), valid until the next call; false at the end. Throws
  /// DataError for a line of more than kLongest bytes.
  bool next(std::string_view& line);
  /// Whether next() need not wait for bytes (unless a line comes in parts).
  bool ready();
  /// Of the line given last, from 1.
  int64_t number() const { return number_; }
  /// Whether the line given last had no line end: the stream may have been cut off within it.
  bool cut() const { return cut_; }
  const std::string& name() const { return name_; }
  /// "line 7", for DataError.
  std::string where() const;

  static constexpr size_t kLongest = size_t{64} << 20;

 private:
  bool fill();
  ByteSourcePtr bytes_;
  std::string name_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;
  int64_t number_ = 0;
  bool done_ = false, cut_ = false;
};

}  // namespace conclave::stream
