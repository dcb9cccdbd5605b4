/// How a residual quantiser learns: rows follow the frames that choose them, and rows that nobody chooses
/// begin anew.
#pragma once

#include "framework/base/random.h"
#include "models/audio/residual_quantizer.h"

namespace conclave {

struct CodebookLearning {
  double decay = 0.99;  ///< of the moving sums (arXiv 1711.00937, appendix A)
  double dead =
      0.01;  ///< a row with less than this share of its fair use begins anew (SoundStream, arXiv 2107.03312)
};

struct QuantisedFrames {
  Tensor frames_BDF;  ///< gradients pass straight through
  Tensor commitment;  ///< mean squared distance of the frames to what stands for them; moves the frames only
  int64_t revived = 0;
};

/// Quantises frames [B,D,F] whose rows of the batch take the first use_B codebooks (quantiser dropout), and
/// moves the codebooks, which are held as sums. `fresh`: all rows are first taken from the frames by k-means.
QuantisedFrames quantise_and_learn(ResidualQuantizer& quantizer, const Tensor& x_BDF, const Tensor& use_B,
                                   bool fresh, const CodebookLearning& options, Random& random);

}  // namespace conclave
