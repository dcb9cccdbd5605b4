/// Short questions on what is seen in a scene, for a curriculum before the statements.
#pragma once

#include <string>
#include <vector>

#include "datasets/scenes/scene.h"
#include "framework/base/random.h"

namespace conclave::scenes {

struct Question {
  std::string text;
  std::string answer;  ///< a number, a colour, a shape, a place, yes or no
  std::string skill;   ///< count, exist, color, shape, size, touch, compare
};

/// `count` questions on `scene` as its picture shows it from left to right.
std::vector<Question> perception_questions(const Scene& scene, int count, Random& random);

}  // namespace conclave::scenes
