/// Which model reads pictures.
#pragma once

#include <filesystem>
#include <memory>

#include "apps/common/verb.h"
#include "models/ultrasound/findings.h"

namespace conclave {

/// `folder`: a model; empty: the one that is shipped. Nullptr when no folder was named and none is shipped.
/// Throws UsageError or DataError for a folder that is no model.
std::unique_ptr<ultrasound::FindingsModel> open_findings_model(const std::filesystem::path& folder,
                                                               const CommonOptions& common);

}  // namespace conclave
