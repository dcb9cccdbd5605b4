#include "framework/base/paths.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace conclave {
namespace fs = std::filesystem;
namespace {

fs::path home() {
  if (const char* named = std::getenv("HOME"); named && *named) return named;
  const passwd* entry = ::getpwuid(::getuid());
  return entry && entry->pw_dir ? entry->pw_dir : "/";
}

// The specification says that a relative path is to be ignored.
fs::path xdg(const char* variable, const char* fallback) {
  const char* named = std::getenv(variable);
  const fs::path base = named && fs::path(named).is_absolute() ? fs::path(named) : home() / fallback;
  return base / "conclave";
}

}  // namespace

fs::path config_home() {
  return xdg("XDG_CONFIG_HOME", ".config");
}
fs::path data_home() {
  return xdg("XDG_DATA_HOME", ".local/share");
}
fs::path state_home() {
  return xdg("XDG_STATE_HOME", ".local/state");
}
fs::path cache_home() {
  return xdg("XDG_CACHE_HOME", ".cache");
}

fs::path expand_user(const fs::path& path) {
  const std::string text = path.string();
  if (text == "~") return home();
  return text.starts_with("~/") ? home() / text.substr(2) : path;
}

fs::path find_upward(const fs::path& start, const fs::path& name) {
  std::error_code ignored;
  for (fs::path folder = fs::absolute(start, ignored);; folder = folder.parent_path()) {
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
    if (folder == folder.parent_path()) return {};
  }
}

}  // namespace conclave
