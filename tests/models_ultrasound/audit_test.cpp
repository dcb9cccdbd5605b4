#include "models/ultrasound/report/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave::ultrasound {
namespace {

using conclave::testing::TempDir;

AuditEntry entry(int i) {
  return {"2026-03-01T12:00:00Z", "Ana Díaz", "edited", "report-" + std::to_string(i % 3),
          std::string(64, 'a')};
}

void put(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(Audit, AWholeChain) {
  const TempDir dir;
  std::string head;
  for (int i = 0; i < 5; ++i) head = append_audit(dir / "audit.jsonl", entry(i));
  const auto check = check_audit(dir / "audit.jsonl");
  EXPECT_TRUE(check.problems.empty());
  EXPECT_EQ(check.records, 5);
  EXPECT_EQ(check.head, head);
  EXPECT_EQ(check.last.size(), 3u);
}

TEST(Audit, EveryChangedByteShows) {
  const TempDir dir;
  for (int i = 0; i < 4; ++i) append_audit(dir / "whole", entry(i));
  const std::string whole = read_file(dir / "whole");
  // Of the last record's end and newline nothing follows that could tell; its own hash does.
  for (size_t at = 0; at + 1 < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = changed[at] == 'x' ? 'y' : 'x';
    put(dir / "changed", changed);
    EXPECT_FALSE(check_audit(dir / "changed").problems.empty()) << "byte " << at;
  }
}

TEST(Audit, LinesTakenOutAddedOrSwappedShow) {
  const TempDir dir;
  std::vector<std::string> lines;
  for (int i = 0; i < 4; ++i) append_audit(dir / "whole", entry(i));
  std::ifstream in(dir / "whole");
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  const auto problems = [&](std::vector<int> order) {
    std::string bytes;
    for (const int i : order) bytes += lines[static_cast<size_t>(i)];
    put(dir / "other", bytes);
    return check_audit(dir / "other").problems.size();
  };
  EXPECT_EQ(problems({0, 1, 2, 3}), 0u);
  EXPECT_GT(problems({1, 2, 3}), 0u);
  EXPECT_GT(problems({0, 2, 3}), 0u);
  EXPECT_GT(problems({0, 2, 1, 3}), 0u);
  EXPECT_GT(problems({0, 1, 1, 2, 3}), 0u);
  // The head tells of lines that are gone from the end.
  EXPECT_EQ(problems({0, 1, 2}), 0u);
  EXPECT_NE(check_audit(dir / "other").head, check_audit(dir / "whole").head);
  put(dir / "blank", lines[0] + "\n" + lines[1]);
  EXPECT_FALSE(check_audit(dir / "blank").problems.empty());
  put(dir / "note", lines[0] + "a note\n" + lines[1]);
  EXPECT_FALSE(check_audit(dir / "note").problems.empty());
}

TEST(Audit, ACrashAtAnyByteIsSurvivedAndTold) {
  const TempDir dir;
  append_audit(dir / "a", entry(0));
  const size_t first = read_file(dir / "a").size();
  append_audit(dir / "a", entry(1));
  const std::string both = read_file(dir / "a");
  for (size_t size = first; size < both.size(); ++size) {
    put(dir / "b", both.substr(0, size));
    EXPECT_TRUE(check_audit(dir / "b").problems.empty()) << size;
    append_audit(dir / "b", entry(2));
    const auto check = check_audit(dir / "b");
    EXPECT_THAT(check.problems, ::testing::IsEmpty()) << size;
    const bool lost = size > first && size + 1 < both.size();
    EXPECT_EQ(check.records, size + 1 == both.size() ? 3 : 2) << size;
    EXPECT_EQ(check.notes.size(), lost ? 1u : 0u) << size;
    if (!lost) continue;
    // The crash's remains are covered too.
    std::string changed = read_file(dir / "b");
    changed[first] = 'X';
    put(dir / "b", changed);
    EXPECT_FALSE(check_audit(dir / "b").problems.empty()) << size;
  }
}

TEST(Audit, TwoCrashesInARow) {
  const TempDir dir;
  append_audit(dir / "a", entry(0));
  std::ofstream(dir / "a", std::ios::app) << "{\"n\":2,\"ti\n{\"n\":2,\"time\":";
  append_audit(dir / "a", entry(1));
  EXPECT_TRUE(check_audit(dir / "a").problems.empty());
}

TEST(Audit, NothingIsAddedBehindABrokenEnd) {
  const TempDir dir;
  append_audit(dir / "a", entry(0));
  std::ofstream(dir / "a", std::ios::app) << "a whole line that is no record\n";
  EXPECT_THROW(append_audit(dir / "a", entry(1)), DataError);
}

TEST(Audit, AKillWhileWriting) {
  const TempDir dir;
  for (int round = 0; round < 10; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 0;; ++i) append_audit(dir / "a", entry(i));
    }
    usleep(static_cast<useconds_t>(2000 + 900 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (std::filesystem::exists(dir / "a")) {
      EXPECT_THAT(check_audit(dir / "a").problems, ::testing::IsEmpty());
    }
  }
  append_audit(dir / "a", entry(0));
  EXPECT_THAT(check_audit(dir / "a").problems, ::testing::IsEmpty());
}

TEST(Audit, SeveralWriters) {
  const TempDir dir;
  std::vector<pid_t> children;
  for (int c = 0; c < 4; ++c) {
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < 10; ++i) append_audit(dir / "a", entry(i));
      _exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  const auto check = check_audit(dir / "a");
  EXPECT_EQ(check.records, 40);
  EXPECT_TRUE(check.problems.empty());
}

}  // namespace
}  // namespace conclave::ultrasound
