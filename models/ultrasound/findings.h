/// What a model says of a study, without tensors: the model fills it, the rules and the report read it.
/// Lengths are in pixels here; millimetres come from the file's calibration, never from the model.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/dicom/frame.h"

namespace conclave::ultrasound {

/// In pixels of the frame, from the middle of its upper left pixel.
struct Point {
  double x = 0, y = 0;
};

/// In pixels: the pixels x .. x + width - 1.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

/// Half axes in pixels; `angle` of the longer one in radians, from x towards y.
struct Ellipse {
  Point center;
  double long_half = 0, short_half = 0, angle = 0;
};

/// Where a statement comes from.
struct Evidence {
  std::string source;  ///< file, as FrameSource::name() gives it; empty: the only one
  int64_t frame = 0;   ///< counted from 0
  std::optional<Box> box;
};

/// One field of the lexicon (rules/lexicon.h), as read by the model or set by a reader.
struct Field {
  std::string name;         ///< "margin"
  std::string value;        ///< "circumscribed"; empty when abstained
  double confidence = 0;    ///< calibrated probability of `value`; 1 when a reader set it
  bool abstained = false;   ///< the model would rather not say
  std::string reason = {};  ///< why it abstained
  std::map<std::string, double> probabilities = {};  ///< of every value, where the model has them
  std::optional<Evidence> evidence = {};
};

/// Whole masks are large: one byte a pixel, 0 or 1, row by row.
struct Mask {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> pixels;
};

enum class MeasurementKind : uint8_t { line, ellipse };

struct Measurement {
  std::string name;  ///< "long_axis", "short_axis", "head_circumference"
  MeasurementKind kind = MeasurementKind::line;
  Evidence evidence;  ///< the frame in whose pixels it is
  Point from, to;     ///< of a line
  Ellipse ellipse;    ///< of an ellipse
  double confidence = 0;
};

/// One thing seen: a lesion, a head.
struct Finding {
  std::string kind;  ///< "breast_lesion", "thyroid_nodule", "fetal_head", "lung"
  double confidence = 0;
  Evidence evidence;
  std::optional<Mask> mask;  ///< of evidence.frame
  std::vector<Field> fields;
  std::vector<Measurement> measurements;
};

struct Findings {
  std::string organ;              ///< "breast", "thyroid", "fetal_head", "lung"; empty when unknown
  std::string model;              ///< name and version of what read the pictures
  bool abstained = false;         ///< the pictures are unlike anything the model knows
  std::string reason;             ///< why it abstained
  double outlier_score = 0;       ///< 0: as in training .. 1: unlike it
  std::vector<Finding> findings;  ///< empty without abstaining: nothing was seen
  std::vector<std::string> warnings;
};

/// What is asked of a model.
struct ReadRequest {
  std::string organ;  ///< empty: the model finds out
  std::string task;   ///< empty: all it can
};

/// A model as the report sees it. The architectures implement it; open_findings_model picks one.
class FindingsModel {
 public:
  virtual ~FindingsModel() = default;
  virtual std::string name() const = 0;
  /// Goes through the frames once, forward. Throws DataError for frames that cannot be read.
  virtual Findings read(dicom::FrameSource& frames, const ReadRequest& request) = 0;
};

}  // namespace conclave::ultrasound
