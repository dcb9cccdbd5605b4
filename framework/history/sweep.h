/// Many jobs of one command: a grid over its options and recipe keys, or a random part of it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/history/queue.h"

namespace conclave {

/// `base` once for each combination of `axes`, each "key=value,value,...": --key value behind the command, or
/// --set key=value where the key has a dot (a place in a recipe). With `random` only so many of them, drawn
/// by `seed`. Several jobs get one batch. Throws UsageError.
std::vector<JobSpec> sweep(const JobSpec& base, std::span<const std::string> axes,
                           std::optional<int64_t> random = std::nullopt, uint64_t seed = 0);

}  // namespace conclave
