/// LLaVA's question files: one JSON object a line with question_id, image (or images), text and, where they
/// are known, answer or answers.
#pragma once

#include "datasets/json_records.h"
#include "datasets/vqa_sample.h"

namespace conclave {

/// Reads <split>.jsonl below `dir`; pictures are looked for in images/ where there is such a folder, else in
/// `dir` itself.
VqaSet load_llava(const std::filesystem::path& dir, const std::string& split);

/// One line; picture names are taken relative to `image_dir`. Throws DataError.
VqaSample llava_sample(const JsonRecord& record, const std::filesystem::path& image_dir);

/// Reads one file; picture names are taken relative to `image_dir`. A question without a picture is allowed.
std::vector<VqaSample> read_llava(const std::filesystem::path& file, const std::filesystem::path& image_dir);

}  // namespace conclave
