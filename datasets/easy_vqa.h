/// easy-VQA: coloured shapes, 13 answers. <split>/questions.json, <split>/images/<number>.png.
#pragma once

#include "datasets/vqa_sample.h"

namespace conclave {

/// Splits: train, test. Ids are the places in the file: "0", "1", ...
VqaSet load_easy_vqa(const std::filesystem::path& dir, const std::string& split);

}  // namespace conclave
