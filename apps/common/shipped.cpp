#include "apps/common/shipped.h"

#include "framework/base/error.h"

namespace conclave {
namespace fs = std::filesystem;

fs::path shipped(const std::string& name) {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path installed = folder.parent_path() / "share" / "conclave" / name;
  if (fs::exists(installed)) return installed;
  for (fs::path above = folder; above.has_relative_path(); above = above.parent_path()) {
    if (fs::exists(above / "assets" / name)) return above / "assets" / name;
  }
  throw UsageError(
      fmt::format("{} was not shipped with this program: looked for {} and for assets/{} above {}", name,
                  installed.string(), name, folder.string()));
}

}  // namespace conclave
