/// From a data set on disk to pictures on a model's canvases.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/ultrasound_sample.h"
#include "models/ultrasound/reader_task.h"

namespace conclave {

/// Names of the sets that load_ultrasound_set knows.
const std::vector<std::string>& ultrasound_set_names();

/// `name` from its own folder or from the folder that holds it. `fold` counts for sets with official folds,
/// `organ` for "folder", whose pictures say nothing of it.
UltrasoundSet load_ultrasound_set(const std::string& name, const std::filesystem::path& dir, int fold,
                                  const std::string& organ = "breast");

/// A sample's picture, uint8 grey, and each rater's outline over it, uint8 0/1 (none: none that can be used).
struct PictureAndMask {
  at::Tensor grey_HW;
  std::vector<at::Tensor> masks_HW;
};
/// Throws DataError for files that cannot be read and for a mask of another size.
PictureAndMask load_picture_and_mask(const UltrasoundSample& sample);

/// The samples of `part` for training and evaluation; asks for interruptions.
std::vector<ultrasound::LabelledPicture> labelled_pictures(const UltrasoundSet& set, Part part,
                                                           const ultrasound::ModelConfig& model);

}  // namespace conclave
