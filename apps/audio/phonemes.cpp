#include "apps/audio/phonemes.h"

#include <algorithm>

#include "framework/base/child_process.h"
#include "framework/base/error.h"

namespace conclave {

std::function<std::string(const std::string& words)> find_phonemes() {
  const std::string program = find_program("espeak-ng");
  if (program.empty()) return {};
  return [program](const std::string& words) {
    const auto done = run_child({program, "-q", "--ipa", "-v", "en-us", "--", words});
    require(done.code == 0, "{} ended with code {}", program, done.code);
    std::string line = done.out;
    std::replace(line.begin(), line.end(), '\n', ' ');
    line.erase(0, line.find_first_not_of(' '));
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
}

}  // namespace conclave
