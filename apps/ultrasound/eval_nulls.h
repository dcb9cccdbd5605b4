/// What is reached without looking at the lesion: the figures that a model has to beat.
#pragma once

#include "apps/ultrasound/read_set.h"

namespace conclave {

/// Each as a reading of the same pictures, made from the training part alone:
///  majority       the most frequent value of every field, the mean outline
///  metadata       values by machine and side of the picture alone (tables of frequencies)
///  nearest        what the most alike training picture has; probabilities by its fifteen nearest
///  blank          the model on a black picture
struct NullReadings {
  std::map<std::string, std::vector<ReadRow>> rows;
};

NullReadings null_readings(const UltrasoundSet& set, Part part, const ultrasound::SavedReader& reader);

}  // namespace conclave
