/// One picture of any size through a reader: reports, evaluation and calibration all read this way.
#pragma once

#include "models/ultrasound/canvas.h"
#include "models/ultrasound/reader_folder.h"

namespace conclave::ultrasound {

/// The first of the reader's looks at a picture.
struct FirstLook {
  Canvas canvas;
  Reading reading;  ///< of one picture
  /// Logit that this is a picture of the task, less the one that is asked for: below 0 it is not read.
  double known = 0;
};
/// grey: uint8 [H,W]. Throws Error for an empty picture.
FirstLook first_look(const SavedReader& reader, int64_t task, const Tensor& grey_HW);

/// The mean of the logits of all looks.
struct PictureReading {
  Tensor mask_HW;                  ///< as large as the picture
  std::vector<Tensor> samples_HW;  ///< outlines as raters might draw them; none without latent
  std::map<std::string, std::vector<double>> logits;  ///< by field, without temperatures
};
PictureReading read_picture(const SavedReader& reader, int64_t task, const Tensor& grey_HW,
                            const FirstLook& first);

/// With the reader's temperatures.
std::map<std::string, std::vector<double>> probabilities_of(const SavedReader& reader, int64_t task,
                                                            const PictureReading& reading);

}  // namespace conclave::ultrasound
