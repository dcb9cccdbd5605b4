/// Labels of tokens.
#pragma once

#include <cstdint>

namespace conclave {

/// Nothing is asked at this token: what at::cross_entropy_loss leaves out by default.
inline constexpr int64_t kNoLabel = -100;

}  // namespace conclave
