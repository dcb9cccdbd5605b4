/// VQAv2, in the layout it is published in: v2_OpenEnded_mscoco_<subtype>_questions.json,
/// v2_mscoco_<subtype>_annotations.json and <subtype>/COCO_<subtype>_<12 digits>.jpg.
#pragma once

#include "datasets/vqa_sample.h"

namespace conclave {

/// Splits: train (train2014), val (val2014), test (test2015), test-dev (questions of test-dev2015, pictures
/// of test2015). Ten answers a question; none where there is no annotations file.
VqaSet load_vqav2(const std::filesystem::path& dir, const std::string& split);

}  // namespace conclave
