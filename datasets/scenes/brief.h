/// Questions of a few words on what a box holds ("left yellow circle how many"): the first that a model
/// learns to read, since every word of them counts.
#pragma once

#include "datasets/scenes/curriculum.h"

namespace conclave::scenes {

/// `count` questions on `scene` as its picture shows it from left to right; some may be alike.
std::vector<Question> brief_questions(const Scene& scene, int count, Random& random);

}  // namespace conclave::scenes
