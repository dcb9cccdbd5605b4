/// HC18 (van den Heuvel et al., PLoS ONE 2018; CC BY 4.0): fetal heads with an ellipse drawn around the skull
/// and its circumference. images/NNN_HC.jpg, contours/NNN_HC_Annotation.png,
/// training_set_pixel_size_and_HC.csv.
#pragma once

#include "datasets/ultrasound_sample.h"

namespace conclave {

/// The pixel size of the list belongs to the original pictures, 800 wide but for two dozen, and is scaled to
/// the pictures as they are stored; contours are stored at half the original size, so they tell its width.
/// Split by subject, the number in front of the name: of ten subjects in a row two are the test and one is
/// the validation (the list is ordered by age). Throws DataError for a broken list.
UltrasoundSet load_hc18(const std::filesystem::path& folder);

}  // namespace conclave
