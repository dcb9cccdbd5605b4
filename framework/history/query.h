/// SQL from people: looking only, whatever it says, and not for ever.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "framework/history/store.h"

namespace conclave {

struct QueryLimits {
  double seconds = 30;
  int64_t rows = -1;  ///< -1: all
};

/// Runs one SELECT on `store` and gives its column names to `head`, then each row to `row`: numbers, text,
/// null (which NaN is, too), and blobs as {"bytes": n, "hex": "..."} of their first 32 bytes. Returns false
/// when there were more than `limits.rows` rows. Anything that would change the file, attach another one or
/// set something is refused. UsageError for wrong SQL, Error when it takes too long, Interrupted.
bool query(const Store& store, const std::string& sql, const QueryLimits& limits,
           const std::function<void(const std::vector<std::string>&)>& head,
           const std::function<void(const std::vector<Json>&)>& row);

}  // namespace conclave
