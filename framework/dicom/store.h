/// Sending DICOM files to an archive (C-STORE).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace conclave::dicom {

struct StorePeer {
  std::string host, called = "ANY-SCP", calling = "CONCLAVE";
  uint16_t port = 0;
};

/// "AE@host:port" or "host:port". Throws UsageError.
StorePeer parse_peer(const std::string& text);

/// Sends the files over one association, without TLS. Throws Error when the peer cannot be reached, refuses a
/// class or answers a file with anything but success; files before it are there then.
void store(const std::vector<std::filesystem::path>& files, const StorePeer& peer);

}  // namespace conclave::dicom
