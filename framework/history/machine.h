/// Who runs where: what it takes to say later whether a process is still alive.
#pragma once

#include <cstdint>
#include <string>

#include "framework/base/json.h"

namespace conclave {

/// A process, told apart from a later one with the same number, from those of other boots and containers.
struct ProcessId {
  std::string host;
  std::string boot_id;    ///< changes with every boot
  std::string pid_space;  ///< the process-number namespace
  int64_t pid = 0;
  int64_t start = 0;  ///< clock ticks from boot to its start
};

ProcessId this_process();
/// Process `pid` of this machine; start is 0 when there is none.
ProcessId process_of(int64_t pid);

enum class Alive : uint8_t { yes, no, unknown };
/// `no` only for a dead process of this machine (one that nobody has waited for yet is dead, too), or one of
/// an earlier boot; `unknown` for other machines and containers.
Alive alive(const ProcessId& process);

/// {"cpu": model, "cores": n, "memory_bytes": n, "system": "Linux 6.1"}.
Json describe_machine();

/// The working folder's commit, with "-dirty" behind it when files are changed; empty outside a repository.
std::string git_state();

/// 32 random hexadecimal digits, grouped as a UUID.
std::string new_uuid();

/// Milliseconds since 1970, UTC.
int64_t now_ms();

/// "nfs", "smb", ... for a folder (or its nearest existing parent) on a network file system; else empty.
std::string network_filesystem(const std::string& folder);
/// The same for a type number of statfs(2).
const char* network_filesystem_name(int64_t type);

}  // namespace conclave
