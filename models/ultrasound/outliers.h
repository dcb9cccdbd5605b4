/// Pictures that a reader must not read: made ones, and mixtures of real pictures with them (outlier
/// exposure, arXiv 1812.04606, with mixed pictures, arXiv 2106.03917).
#pragma once

#include <vector>

#include "framework/base/random.h"
#include "models/ultrasound/canvas.h"

namespace conclave::ultrasound {

/// float [height,width], 0 .. 255: noise of any grain, flat and shaded areas, shapes, stripes, or one grey.
Tensor made_outlier(int64_t height, int64_t width, Random& random);

struct OutlierBatch {
  Tensor grey_MHW;  ///< float, 0 .. 255
  Tensor known_M;   ///< how much of each is a picture of the task: 0, or the share in a mixture
};

/// `count` outliers beside the pictures grey_NHW (float). Half of them are mixed with one of these; half come
/// from `others` (uint8 [H,W], pictures of other things) where there are some.
OutlierBatch outliers_for(const Tensor& grey_NHW, const std::vector<Tensor>& others, int64_t count,
                          Random& random);

}  // namespace conclave::ultrasound
