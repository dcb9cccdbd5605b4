#include "framework/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

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
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

namespace {

// Where a file is to be put: behind a link, never in place of a device, a pipe or a folder.
fs::path destination(const fs::path& path) {
  std::error_code wrong;
  const auto status = fs::status(path, wrong);
  if (!fs::exists(status)) return path;
  if (fs::is_directory(status)) throw Error(fmt::format("{}: is a folder, a file is wanted", path.string()));
  if (!fs::is_regular_file(status))
    throw Error(fmt::format("{}: is no ordinary file and is not written over", path.string()));
  return fs::is_symlink(path) ? fs::canonical(path) : path;
}

}  // namespace

AtomicFile::AtomicFile(fs::path path)
    : path_(destination(path)), temporary_(path_.string() + fmt::format(".{}.tmp", ::getpid())) {
  if (path_.has_parent_path()) {
    std::error_code ignored;
    fs::create_directories(path_.parent_path(), ignored);
  }
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file_ < 0) fail("be created", errno);
}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const char* step, int code) {
  throw Error(fmt::format("{}: cannot {}: {}", path_.string(), step, std::strerror(code)));
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("be written", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

void AtomicFile::write_at(uint64_t place, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(place));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("be written", errno);
    bytes.remove_prefix(static_cast<size_t>(n));
    place += static_cast<uint64_t>(n);
  }
}

void AtomicFile::commit() {
  if (::fsync(file_) != 0) fail("be synced", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail("be renamed into place", errno);
  ::close(std::exchange(file_, -1));
  sync_folder(path_.has_parent_path() ? path_.parent_path() : fs::path("."));
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);  // some file systems cannot sync folders; the rename itself has happened
  ::close(descriptor);
}

}  // namespace conclave
