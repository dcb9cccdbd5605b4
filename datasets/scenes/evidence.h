/// What a statement turns on, box by box: more to learn from than whether it is true.
#pragma once

#include <array>

#include "datasets/scenes/expression.h"
#include "datasets/scenes/scene.h"

namespace conclave::scenes {

inline constexpr int kEvidenceCounts = 2;  ///< as many of a statement's conditions on items are told apart

/// By box of the scene; -1 where the statement has no such condition.
struct Evidence {
  /// Of how many items the first and the second condition on items are true.
  std::array<std::array<int, kBoxes>, kEvidenceCounts> counts;
  /// Whether the first condition on boxes is true: 1 or 0.
  std::array<int, kBoxes> boxes;
};

Evidence evidence_of(const Expression& statement, const Scene& scene);

/// The same for the scene shown in order `order` (`permuted`).
Evidence permuted(const Evidence& evidence, int order);

}  // namespace conclave::scenes
