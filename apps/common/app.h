/// The one command line: `conclave-<app> <verb> [options]`.
#pragma once

#include <string>

#include "apps/common/verb.h"

namespace conclave {

struct AppInfo {
  std::string name;               ///< "vqa"
  std::string summary;            ///< one line
  std::string default_verb = "";  ///< meant when the command line names none; empty: one is needed
};

constexpr int kExitDone = 0, kExitFailed = 1, kExitUsage = 2, kExitInterrupted = 130;

/// Parses, resolves the settings, runs one verb and returns the exit code. Throws nothing.
///   main(): return run_app(argc, argv, {"vqa", "Questions about pictures"}, std::move(verbs));
int run_app(int argc, char** argv, const AppInfo& info, Verbs verbs);

/// "0.1.0".
std::string version();
/// The commit that the program was built from, with "-dirty" behind it when files were changed; empty when it
/// was built outside a repository.
const char* build_commit();

}  // namespace conclave
