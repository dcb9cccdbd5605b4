#include "framework/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "framework/base/error.h"

namespace conclave {
namespace fs = std::filesystem;

std::string read_file(const fs::path& path, size_t limit) {
  std::error_code failure;
  const auto status = fs::status(path, failure);
  if (!fs::exists(status)) throw DataError(path.string(), "", "no such file");
  if (fs::is_directory(status)) throw DataError(path.string(), "", "is a folder, a file is wanted");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError(path.string(), "", fmt::format("cannot be opened: {}", std::strerror(errno)));
  std::string bytes;
  char block[1 << 16];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    bytes.append(block, static_cast<size_t>(in.gcount()));
    if (bytes.size() > limit)
      throw DataError(path.string(), "", fmt::format("is longer than the limit of {} bytes", limit));
  }
  return bytes;
}

void write_file(const fs::path& path, std::string_view bytes) {
  const fs::path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  auto fail = [&](const char* step) {
    const int code = errno;
    ::unlink(temporary.c_str());
    throw Error(fmt::format("{}: cannot {}: {}", path.string(), step, std::strerror(code)));
  };
  if (path.has_parent_path()) {
    std::error_code ignored;
    fs::create_directories(path.parent_path(), ignored);
  }
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) fail("be created");
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::write(file, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int code = errno;
      ::close(file);
      errno = code;
      fail("be written");
    }
    done += static_cast<size_t>(n);
  }
  if (::fsync(file) != 0 || ::close(file) != 0) fail("be synced");
  if (::rename(temporary.c_str(), path.c_str()) != 0) fail("be renamed into place");
}

}  // namespace conclave
