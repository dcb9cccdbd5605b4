#include "models/stream/io/lines.h"

#include <cstring>

#include "framework/base/error.h"
#include "framework/base/signals.h"

namespace conclave::stream {

Lines::Lines(ByteSourcePtr bytes, std::string name)
    : bytes_(std::move(bytes)), name_(std::move(name)), buffer_(1 << 16) {}

bool Lines::fill() {
  if (done_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (end_ >= kLongest)
      throw DataError(name_, fmt::format("line {}", number_ + 1),
                      fmt::format("longer than {} bytes", kLongest));
    buffer_.resize(buffer_.size() * 2);
  }
  const size_t got = bytes_->read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += got;
  done_ = got == 0;
  return !done_;
}

bool Lines::next(std::string_view& line) {
  size_t looked = 0;
  const char* stop = nullptr;
  for (;;) {
    const char* from = buffer_.data() + begin_ + looked;
    stop = static_cast<const char*>(std::memchr(from, '\n', end_ - begin_ - looked));
    if (stop) break;
    looked = end_ - begin_;
    if (!fill()) break;
  }
  if (!stop && interrupted()) return false;  // the rest of the line may never have come
  if (!stop && begin_ == end_) return false;
  cut_ = !stop;
  const char* const first = buffer_.data() + begin_;
  size_t size = stop ? static_cast<size_t>(stop - first) : end_ - begin_;
  begin_ += size + (stop ? 1 : 0);
  if (size > 0 && first[size - 1] == '\r') --size;
  line = {first, size};
  if (++number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
  return true;
}

bool Lines::ready() {
  return done_ || std::memchr(buffer_.data() + begin_, '\n', end_ - begin_) != nullptr || bytes_->ready();
}

std::string Lines::where() const {
  return fmt::format("line {}", number_);
}

}  // namespace conclave::stream
