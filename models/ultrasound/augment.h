/// Pictures as another hand, patient or machine might have made them.
#pragma once

#include "framework/base/json.h"
#include "framework/base/random.h"
#include "models/ultrasound/canvas.h"

namespace conclave::ultrasound {

/// How far the random changes go; 0 turns one off.
struct AugmentOptions {
  double flip_columns = 0.5, flip_rows = 0;  ///< probabilities
  double rotate = 15;                        ///< degrees
  double scale = 0.2;                        ///< of the size, either way
  double stretch = 0.1;                      ///< of the sides' ratio
  double shift = 0.1;                        ///< of a side
  double gamma = 0.4;                        ///< of its logarithm
  double contrast = 0.25, brightness = 0.1;
  double noise = 0.05;  ///< largest standard deviation, of speckle that grows with the grey value
};

/// Keys as the members are called. Throws UsageError that names the key.
AugmentOptions parse_augment(const Json& json, const std::string& path);

struct AugmentedBatch {
  Tensor grey_NHW, masks_NMHW;  ///< float: 0 .. 255, 0 .. 1
  std::vector<bool> flipped;    ///< left and right changed places
};

/// grey: uint8 [N,H,W], masks: uint8 [N,M,H,W], M of each picture. The same `random` gives the same pictures.
AugmentedBatch augment(const Tensor& grey_NHW, const Tensor& masks_NMHW, const AugmentOptions& options,
                       Random& random);

}  // namespace conclave::ultrasound
