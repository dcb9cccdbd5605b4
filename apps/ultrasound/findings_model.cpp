#include "apps/ultrasound/findings_model.h"

#include "apps/common/shipped.h"
#include "framework/base/error.h"
#include "framework/tensor/device.h"
#include "models/ultrasound/reader_findings.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// A reader, or the first one of a folder with one for each fold.
std::optional<ultrasound::SavedReader> reader_in(const fs::path& folder) {
  if (fs::exists(folder / "config.json")) return ultrasound::load_reader(folder);
  for (int fold = 1; fold <= 10; ++fold) {
    const fs::path one = folder / fmt::format("fold-{}", fold);
    if (fs::exists(one / "config.json")) return ultrasound::load_reader(one);
  }
  return std::nullopt;
}

std::optional<fs::path> shipped_if_there(const std::string& name) {
  try {
    return shipped(name);
  } catch (const UsageError&) {
    return std::nullopt;
  }
}

}  // namespace

std::unique_ptr<ultrasound::FindingsModel> open_findings_model(const fs::path& folder,
                                                               const CommonOptions& common) {
  set_threads(common.threads);
  std::vector<ultrasound::SavedReader> readers;
  if (!folder.empty()) {
    auto reader = reader_in(folder);
    require<UsageError>(reader.has_value(), "--model {}: holds no config.json, nor fold-1 or so with one",
                        folder.string());
    readers.push_back(std::move(*reader));
  } else {
    for (const char* name : {"ultrasound-breast", "ultrasound-fetal-head"})
      if (const auto place = shipped_if_there(name))
        if (auto reader = reader_in(*place)) readers.push_back(std::move(*reader));
  }
  if (readers.empty()) return nullptr;
  return std::make_unique<ultrasound::ReaderFindings>(std::move(readers));
}

}  // namespace conclave
