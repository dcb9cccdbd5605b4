/// A reader over the test part of a data set, one row for each picture.
#pragma once

#include <filesystem>
#include <functional>
#include <limits>

#include "apps/ultrasound/samples.h"
#include "models/ultrasound/findings.h"
#include "models/ultrasound/reader_folder.h"

namespace conclave {

/// What was said of one field, and what is true; -1 where it is not labelled.
struct ReadField {
  std::vector<double> probability;
  int64_t truth = -1;

  int64_t guess() const;
};

struct ReadRow {
  std::string id, patient;
  int fold = 0;
  /// Over the picture as it is stored; the mean over its raters.
  double dice = std::numeric_limits<double>::quiet_NaN();
  /// Of pairs of raters, where there are several.
  double rater_dice = std::numeric_limits<double>::quiet_NaN();
  /// Generalised energy distance between the reader's outlines and theirs.
  double ged = std::numeric_limits<double>::quiet_NaN();
  /// In pixels of it.
  double hd95 = std::numeric_limits<double>::quiet_NaN();
  std::map<std::string, ReadField> fields;
  std::optional<double> circumference_mm, true_circumference_mm;

  Json to_json(const ultrasound::TaskConfig& task) const;
};

/// How a picture becomes a mask (uint8 0/1, as large as the picture) and field probabilities.
struct SaidOfPicture {
  at::Tensor mask_HW;
  std::vector<at::Tensor> samples_HW;  ///< masks as raters might draw them; none: the one mask
  std::map<std::string, std::vector<double>> fields;
};
using ReadPicture = std::function<SaidOfPicture(const at::Tensor& grey_HW)>;

/// With the reader's own temperatures. The model outlives the function.
ReadPicture reading_of(const ultrasound::SavedReader& reader, const std::string& task);

/// A row for every sample of `part`. A head's mask is that of the ellipse around it, whose circumference is
/// taken where the pixel size is known.
std::vector<ReadRow> read_set(const UltrasoundSet& set, Part part, const ultrasound::TaskConfig& task,
                              const ReadPicture& read, const std::string& label);

/// Throws UsageError when the reader learnt from what would be tested: another fold of the same set.
void require_unseen(const ultrasound::SavedReader& reader, const std::string& set, int fold);

}  // namespace conclave
