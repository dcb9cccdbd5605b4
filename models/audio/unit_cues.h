/// What a step of codes is told of the text: the unit (a phone) that its frame says, those beside it, and how
/// many frames have said it. When the next unit begins is the model's own decision, frame by frame. So nobody
/// has to find out from attention alone how far a text was said, and no unit is left out or said twice.
#pragma once

#include <span>

#include "framework/nn/embedding.h"
#include "framework/nn/linear.h"

namespace conclave {

/// A frame's place in the text.
struct UnitPlace {
  int64_t unit = 0;  ///< place among the units; their number: behind the text
  int64_t age = 0;   ///< frames of this unit before this one
};

struct UnitCues : Module {
  static constexpr int64_t kBeside = 2;  ///< units before and behind that are told
  static constexpr int64_t kAges = 32;   ///< longer ones count as this long
  std::vector<Ptr<Embedding>> units;     ///< one for each place beside; the last id stands for none
  Embedding ages;
  Linear ending;  ///< the logit that a frame is its unit's last

  /// `known` ids of units.
  UnitCues(int64_t known, int64_t width);
  /// The cues [P,D] of frames at `places` in the text `ids`.
  Tensor embed(std::span<const int64_t> ids, std::span<const UnitPlace> places) const;
  /// Features [...,D] -> logits [...].
  Tensor ends(const Tensor& features) const;
  void visit(Visitor& v) override;

  int64_t none() const { return units.front()->count() - 1; }
};

/// Frames of units that end at the seconds `ends` (rising), at `rate` frames a second: each gets one at
/// least. Their number is `frames`. Throws DataError when there are more units than frames.
std::vector<UnitPlace> places_of(std::span<const double> ends, double rate, int64_t frames);

}  // namespace conclave
