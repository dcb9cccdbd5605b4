/// Which expert saw which part of a picture, as a picture.
#pragma once

#include <filesystem>

#include "models/vlm/vqa_engine.h"

namespace conclave {

/// Paints the first expert of every patch of `answer`'s pictures at `site` over the pictures themselves, with
/// the question, the answer and a legend. `answer` needs its routing (VqaOptions::keep_routing). Throws
/// UsageError for a site that is not in the routing.
void paint_experts(const VqaQuery& query, const VqaAnswer& answer, const VqaModel& model, Site site,
                   const std::filesystem::path& file);

}  // namespace conclave
