/// What every ultrasound set gives: pictures, outlines, and labels of patients.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace conclave {

enum class Part : uint8_t { train, validation, test };
/// "train", "validation", "test".
const char* part_name(Part part);

struct UltrasoundSample {
  std::string id;
  std::string patient;  ///< samples of one patient stay in one part
  std::filesystem::path picture;
  std::vector<std::filesystem::path> masks;   ///< of each rater, non-zero inside; or
  std::filesystem::path contour;              ///< an ellipse's line; both empty: not outlined
  std::map<std::string, std::string> fields;  ///< what is labelled: pathology, birads, histology, side
  std::string device;
  std::optional<double> pixel_mm;          ///< of the picture as it is stored
  std::optional<double> circumference_mm;  ///< of the head, measured by people
  Part part = Part::train;
};

struct UltrasoundSet {
  std::string name, task;  ///< task: what the pictures show, "breast" or "fetal_head"
  std::vector<UltrasoundSample> samples;
};

/// Every tenth patient or so by a hash of its name: the same ones on every machine.
bool held_out_for_validation(const std::string& patient, uint64_t percent = 12);

}  // namespace conclave
