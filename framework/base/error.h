/// The one exception family. Messages say the operation, the value and the limit, and what to do about it.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace conclave {

/// Anything that ends an operation: exit code 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A wrong option, configuration key or call: exit code 2.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Outside bytes that are not what they should be. `where` is "line 7" or "offset 128", or empty.
class DataError : public Error {
 public:
  DataError(const std::string& file, const std::string& where, const std::string& what)
      : Error(where.empty() ? file + ": " + what : file + ": " + where + ": " + what),
        file_(file),
        where_(where) {}
  const std::string& file() const { return file_; }
  const std::string& where() const { return where_; }

 private:
  std::string file_, where_;
};

/// Throws E with a formatted message unless `holds`.
template <class E = Error, class... Args>
void require(bool holds, fmt::format_string<Args...> message, Args&&... args) {
  if (!holds) throw E(fmt::format(message, std::forward<Args>(args)...));
}

}  // namespace conclave
