/// Where things are kept, as the XDG base directory specification says. The folders are not made here.
#pragma once

#include <filesystem>

namespace conclave {

/// $XDG_CONFIG_HOME/conclave, or ~/.config/conclave.
std::filesystem::path config_home();
/// $XDG_DATA_HOME/conclave, or ~/.local/share/conclave.
std::filesystem::path data_home();
/// $XDG_STATE_HOME/conclave, or ~/.local/state/conclave.
std::filesystem::path state_home();
/// $XDG_CACHE_HOME/conclave, or ~/.cache/conclave.
std::filesystem::path cache_home();

/// `path` with a leading ~/ replaced by the home folder.
std::filesystem::path expand_user(const std::filesystem::path& path);

/// The nearest `name` in `start` or a folder above it; empty when there is none.
std::filesystem::path find_upward(const std::filesystem::path& start, const std::filesystem::path& name);

}  // namespace conclave
