/// SQLite's errors as ours, with the file's name.
#pragma once

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <filesystem>

#include "framework/base/error.h"

namespace conclave {

/// Runs `body`; SQLite's exceptions become DataError (damaged, or no database) or Error.
template <class Body>
auto guarded(const std::filesystem::path& path, const Body& body) {
  try {
    return body();
  } catch (const SQLite::Exception& e) {
    const int code = e.getErrorCode();
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
      throw DataError(path.string(), "", fmt::format("the history is damaged ({})", e.what()));
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
      throw Error(fmt::format("{}: another program holds the history ({})", path.string(), e.what()));
    if (code == SQLITE_FULL)
      throw Error(fmt::format("{}: the disk is full; nothing was changed ({})", path.string(), e.what()));
    if (code == SQLITE_READONLY || code == SQLITE_PERM)
      throw Error(fmt::format("{}: the history may only be read here ({})", path.string(), e.what()));
    throw Error(fmt::format("{}: {}", path.string(), e.what()));
  }
}

}  // namespace conclave
