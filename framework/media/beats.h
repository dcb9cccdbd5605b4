/// Where the beats of a piece are, from when its notes begin.
#pragma once

#include <vector>

#include "framework/media/midi_file.h"

namespace conclave {

struct Beats {
  double per_minute = 0;      ///< 0: no notes
  std::vector<double> times;  ///< seconds
};

/// Tempo by the autocorrelation of onset strength with a preference for 120 a minute, beats by dynamic
/// programming (Ellis 2007, J. New Music Research 36), without a look at the file's own tempo but for its
/// clock. Only the first 20 minutes are looked at.
Beats find_beats(const MidiFile& midi);

/// F-measure of beats that lie within 70 ms of an annotated one, each matched once; both in rising order.
double beat_f_measure(const std::vector<double>& found, const std::vector<double>& annotated);

}  // namespace conclave
