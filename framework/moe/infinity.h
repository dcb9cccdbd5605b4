/// The score of an expert that must not be chosen is -kInfinity.
#pragma once

#include <limits>

namespace conclave {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace conclave
