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
  /// Of a field that several raters told of: how many gave each value. `fields` has the one that most gave,
  /// if it is one alone.
  std::map<std::string, std::map<std::string, int64_t>> votes;
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
