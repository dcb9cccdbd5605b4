#include "datasets/ultrasound_sample.h"

#include "framework/base/random.h"

namespace conclave {

const char* part_name(Part part) {
  return part == Part::train ? "train" : part == Part::validation ? "validation" : "test";
}

bool held_out_for_validation(const std::string& patient, uint64_t percent) {
  return Random(fnv1a(patient), "validation").below(100) < percent;
}

}  // namespace conclave
