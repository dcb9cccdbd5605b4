#include "apps/ultrasound/findings_model.h"

#include "framework/base/error.h"

namespace conclave {

// No model is shipped yet.
std::unique_ptr<ultrasound::FindingsModel> open_findings_model(const std::filesystem::path& folder,
                                                               const CommonOptions&) {
  require<UsageError>(folder.empty(), "--model {}: no models of ultrasound are read yet", folder.string());
  return nullptr;
}

}  // namespace conclave
