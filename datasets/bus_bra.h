/// BUS-BRA (Gómez-Flores et al., Medical Physics 2024): breast lesions with masks, pathology from biopsy,
/// BI-RADS 2 to 5. images/bus_ID.jpg, masks/mask_ID.png, bus_data.csv, 5-fold-cv.csv.
#pragma once

#include "datasets/ultrasound_sample.h"

namespace conclave {

/// The part of official fold `fold` of `folds` (5 or 10) is the test; folds are whole cases. Of the rest,
/// whole cases are held out for validation: the published lists of validation pictures split cases and would
/// let a patient into both. Throws DataError for a broken list, UsageError for a fold that is not there.
UltrasoundSet load_bus_bra(const std::filesystem::path& folder, int fold, int folds = 5);

}  // namespace conclave
