#include "models/stream/eval/snapshot.h"

#include "framework/base/file.h"
#include "framework/base/sha256.h"

namespace conclave::stream {
namespace {

constexpr std::string_view kMagic = "conclave-stream snapshot ";
constexpr size_t kHash = 64;

}  // namespace

std::string save_state(RunState& state, Learner& learner) {
  Archive archive;
  int32_t classes = learner.classes();
  archive(classes, state);
  learner.fields(archive);
  return archive.bytes();
}

void load_state(std::string_view bytes, const std::string& name, RunState& state, Learner& learner) {
  Archive archive(bytes, name);
  int32_t classes = 0;
  archive(classes, state);
  learner.fields(archive);
  archive.check(archive.done() && learner.classes() == classes, "more than there should be");
}

// One line "conclave-stream snapshot VERSION LENGTH", `LENGTH` bytes of JSON, the state, the hash of all
// before it.
void write_snapshot(const std::filesystem::path& file, const Snapshot& snapshot) {
  // Names of classes may hold bytes that are no UTF-8.
  const std::string about = snapshot.about.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string bytes = fmt::format("{}{} {}\n", kMagic, kSnapshotVersion, about.size());
  bytes += about;
  bytes += snapshot.state;
  bytes += sha256(bytes);
  write_file(file, bytes);
}

Snapshot read_snapshot(const std::filesystem::path& file) {
  return parse_snapshot(read_file(file), file.string());
}

Snapshot parse_snapshot(std::string_view bytes, const std::string& name) {
  const size_t line = bytes.substr(0, 128).find('\n');
  if (!bytes.starts_with(kMagic) || line == std::string_view::npos)
    throw DataError(name, "", "is no snapshot of a stream run");
  int version = 0;
  size_t length = 0;
  const std::string numbers(bytes.substr(kMagic.size(), line - kMagic.size()));
  if (std::sscanf(numbers.c_str(), "%d %zu", &version, &length) != 2)
    throw DataError(name, "", "is no snapshot of a stream run");
  if (version != kSnapshotVersion)
    throw DataError(
        name, "", fmt::format("is of version {}; this program reads version {}", version, kSnapshotVersion));
  if (bytes.size() < line + 1 + kHash || length > bytes.size() - line - 1 - kHash)
    throw DataError(name, "", "is cut off");
  if (sha256(bytes.substr(0, bytes.size() - kHash)) != bytes.substr(bytes.size() - kHash))
    throw DataError(name, "", "is damaged: its hash does not fit");
  Snapshot snapshot;
  snapshot.about = parse_json(bytes.substr(line + 1, length), name);
  snapshot.state = bytes.substr(line + 1 + length, bytes.size() - kHash - line - 1 - length);
  return snapshot;
}

}  // namespace conclave::stream
