/// Questions of a few words on what a box holds ("left yellow circle how many"): the first that a model
/// learns to read, since every word of them counts.
#pragma once

#include <array>

#include "datasets/scenes/curriculum.h"

namespace conclave::scenes {

struct BriefQuestion : Question {
  /// How many items of each box the question's words fit, whichever box it asks for; -1 where it asks for the
  /// colour of a block.
  std::array<int, kBoxes> fitting{-1, -1, -1};
};

/// `count` questions on `scene` as its picture shows it from left to right; some may be alike.
std::vector<BriefQuestion> brief_questions(const Scene& scene, int count, Random& random);

}  // namespace conclave::scenes
