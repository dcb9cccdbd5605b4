/// What a trace says of routing, as figures.
#pragma once

#include <map>

#include "framework/base/json.h"
#include "framework/moe/trace.h"

namespace conclave {

/// How many null experts each site has.
using NullExperts = std::map<Site, int64_t>;

/// Share of the slots that went to null experts, over all modalities or in one row of the trace; 0 without a
/// slot.
double null_rate(const Trace& trace, const NullExperts& nulls, int row = -1);
/// {"text": rate, "audio": rate}, modalities without a token left out.
Json null_rate_by_modality(const Trace& trace, const NullExperts& nulls);

}  // namespace conclave
