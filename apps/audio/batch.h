/// Many items out of one file.
#pragma once

#include <functional>

#include "apps/common/verb.h"
#include "datasets/json_records.h"

namespace conclave {

/// Calls `visit` for each item of `file` in order: a JSON object a line, or, where the name ends in .csv,
/// rows below a line with the names of the columns ("seed" and "bars" hold whole numbers; an empty cell says
/// nothing). `id` is the item's own or its place from 0. An Error of one item is told (with --json as an
/// error line), and the others go on. Returns how many failed. Throws UsageError for a file without an item.
int for_each_item(const std::filesystem::path& file, Invocation& call,
                  const std::function<void(const JsonRecord& item, const Json& id)>& visit);

}  // namespace conclave
