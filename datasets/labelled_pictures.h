/// Any folder of pictures with a list of labels: labels.csv, a line for each picture.
#pragma once

#include "datasets/ultrasound_sample.h"

namespace conclave {

/// Columns of labels.csv: `file`, needed; `patient` (the file when it is absent), `part` (train, validation
/// or test; test when it is absent), `mask` (a file, or one of each rater with | between them) or `contour`
/// (a file), `device`, `pixel_mm`, `circumference_mm`. Every other column is a field: pathology, birads, ...
/// (of several raters with | between their values). An empty entry is not known. Files lie below the folder.
/// `task`: what the pictures show. Throws DataError that names the line.
UltrasoundSet load_labelled_pictures(const std::filesystem::path& folder, const std::string& task);

}  // namespace conclave
