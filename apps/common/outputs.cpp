#include "apps/common/outputs.h"

#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/error.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

bool is_none(const fs::path& file) {
  return file.empty() || file == "-";
}

bool same_file(const fs::path& a, const fs::path& b) {
  struct stat of_a {
  }, of_b{};
  const bool a_there = ::stat(a.c_str(), &of_a) == 0;
  const bool b_there = (b == "-" ? ::fstat(STDIN_FILENO, &of_b) : ::stat(b.c_str(), &of_b)) == 0;
  if (a_there && b_there)
    return S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
  std::error_code wrong;
  return !a_there && !b_there && fs::weakly_canonical(a, wrong) == fs::weakly_canonical(b, wrong);
}

}  // namespace

void check_outputs(const NamedPaths& outputs, const std::vector<fs::path>& inputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto& [option, file] = outputs[i];
    if (is_none(file)) continue;
    for (const auto& input : inputs)
      require<UsageError>(input.empty() || !same_file(file, input), "{} {}: is read by the same call", option,
                          file.string());
    for (size_t j = 0; j < i; ++j)
      require<UsageError>(is_none(outputs[j].second) || !same_file(file, outputs[j].second),
                          "{} and {}: both are {}", outputs[j].first, option, file.string());
  }
}

}  // namespace conclave
