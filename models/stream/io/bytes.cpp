#include "models/stream/io/bytes.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "framework/base/error.h"
#include "framework/base/signals.h"

namespace conclave::stream {
namespace {

class File final : public ByteSource {
 public:
  File(int file, std::string name) : file_(file), name_(std::move(name)) {}
  ~File() override {
    if (file_ > STDIN_FILENO) ::close(file_);
  }
  size_t read(char* to, size_t size) override {
    while (!readable(kPollMs))
      if (interrupted()) return 0;  // a silent pipe ends here
    for (;;) {
      const ssize_t got = ::read(file_, to, size);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) throw DataError(name_, "", std::strerror(errno));
    }
  }
  bool ready() override { return readable(0); }

 private:
  static constexpr int kPollMs = 100;
  bool readable(int wait_ms) const {
    pollfd wanted{file_, POLLIN, 0};
    return ::poll(&wanted, 1, wait_ms) > 0;
  }
  int file_;
  std::string name_;
};

class Memory final : public ByteSource {
 public:
  explicit Memory(std::string text) : text_(std::move(text)) {}
  size_t read(char* to, size_t size) override {
    size = std::min(size, text_.size() - place_);
    std::memcpy(to, text_.data() + place_, size);
    place_ += size;
    return size;
  }

 private:
  std::string text_;
  size_t place_ = 0;
};

// Looks at the first two bytes and unpacks when they are gzip's; members may follow one another.
class Unpacked final : public ByteSource {
 public:
  Unpacked(ByteSourcePtr packed, std::string name) : packed_(std::move(packed)), name_(std::move(name)) {
    while (have_ < 2) {
      const size_t got = packed_->read(buffer_.data() + have_, 2 - have_);
      if (got == 0) break;
      have_ += got;
    }
    gzip_ = have_ == 2 && buffer_[0] == '\x1f' && buffer_[1] == '\x8b';
    if (gzip_) require(inflateInit2(&z_, 15 + 16) == Z_OK, "{}: zlib cannot be started", name_);
  }
  ~Unpacked() override {
    if (gzip_) inflateEnd(&z_);
  }
  size_t read(char* to, size_t size) override {
    if (gzip_) return inflate_some(to, size);
    if (place_ == have_) return packed_->read(to, size);
    size = std::min(size, have_ - place_);
    std::memcpy(to, buffer_.data() + place_, size);
    place_ += size;
    return size;
  }
  bool ready() override { return place_ < have_ || packed_->ready(); }

 private:
  size_t inflate_some(char* to, size_t size) {
    z_.next_out = reinterpret_cast<Bytef*>(to);
    z_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1 << 30));
    const uInt room = z_.avail_out;
    while (z_.avail_out == room) {
      if (place_ == have_) {
        place_ = 0;
        have_ = packed_->read(buffer_.data(), buffer_.size());
        if (have_ == 0) {
          if (!between_members_ && !interrupted()) throw DataError(name_, "", "the gzip stream is cut off");
          return 0;
        }
      }
      if (between_members_) {
        require(inflateReset(&z_) == Z_OK, "{}: zlib cannot go on", name_);
        between_members_ = false;
      }
      z_.next_in = reinterpret_cast<Bytef*>(buffer_.data() + place_);
      z_.avail_in = static_cast<uInt>(have_ - place_);
      const int code = inflate(&z_, Z_NO_FLUSH);
      place_ = have_ - z_.avail_in;
      if (code == Z_STREAM_END) {
        between_members_ = true;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        throw DataError(name_, "", fmt::format("the gzip stream is damaged ({})", z_.msg ? z_.msg : "zlib"));
      }
    }
    return room - z_.avail_out;
  }

  ByteSourcePtr packed_;
  std::string name_;
  std::array<char, 1 << 16> buffer_;
  size_t have_ = 0, place_ = 0;
  bool gzip_ = false, between_members_ = false;
  z_stream z_{};
};

}  // namespace

ByteSourcePtr open_bytes(const std::filesystem::path& path) {
  if (path == "-") return std::make_unique<Unpacked>(std::make_unique<File>(STDIN_FILENO, "stdin"), "stdin");
  if (std::filesystem::is_directory(path)) throw DataError(path.string(), "", "is a folder");
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw DataError(path.string(), "", std::strerror(errno));
  return std::make_unique<Unpacked>(std::make_unique<File>(file, path.string()), path.string());
}

ByteSourcePtr bytes_of(std::string text, const std::string& name) {
  return std::make_unique<Unpacked>(std::make_unique<Memory>(std::move(text)), name);
}

}  // namespace conclave::stream
