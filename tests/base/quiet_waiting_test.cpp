// apps/start/quiet_waiting.cpp is part of this program, too: what it borrowed must be back.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "framework/base/file.h"

namespace conclave {
namespace {

TEST(QuietWaiting, LeavesTheEnvironmentAsItWas) {
  std::map<std::string, std::string> given;  // as the system started this program
  std::istringstream in(read_file("/proc/self/environ"));
  for (std::string entry; std::getline(in, entry, '\0');) {
    const auto equals = entry.find('=');
    given.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  for (const char* name : {"_", "OLDPWD", "SHLVL", "LOGNAME", "USER", "PWD"}) {
    const char* value = std::getenv(name);
    ASSERT_EQ(value != nullptr, given.contains(name)) << name;
    if (value) {
      EXPECT_EQ(value, given.at(name)) << name;
    }
  }
}

}  // namespace
}  // namespace conclave
