/// Rows as text: CSV or ARFF.
#pragma once

#include <string>

#include "models/stream/source.h"

namespace conclave::stream {

enum class TextFormat : uint8_t { csv, arff };

/// What stands before the rows. csv: the columns' names; arff: the declarations.
std::string header_text(const Schema& schema, TextFormat format);

/// Appends the rows of `block` to `text`. csv: numbers alone, a nominal value by its index, missing as
/// nothing, so that rows compare with MOA's; arff: nominal values by name, missing as '?'. Numbers have the
/// fewest digits that read back as the same number.
void append_rows(const Schema& schema, const RowBlock& block, TextFormat format, std::string& text);

}  // namespace conclave::stream
