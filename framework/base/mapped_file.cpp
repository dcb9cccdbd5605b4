#include "framework/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "framework/base/error.h"

namespace conclave {

MappedFile::MappedFile(std::filesystem::path path) : path_(std::move(path)) {
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    throw DataError(path_.string(), "", fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  if (!known || !S_ISREG(status.st_mode)) {
    ::close(file);
    throw DataError(path_.string(), "", "is not a regular file");
  }
  size_ = static_cast<size_t>(status.st_size);
  void* data = nullptr;
  int code = 0;
  if (size_ > 0) {
    data = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
    if (data == MAP_FAILED) code = errno;
  }
  ::close(file);
  if (code) throw DataError(path_.string(), "", fmt::format("cannot be mapped: {}", std::strerror(code)));
  data_ = static_cast<std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, size_);
}

}  // namespace conclave
