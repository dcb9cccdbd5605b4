/// What every reader promises of its rows, whatever the bytes.
#pragma once

#include <cstdlib>

#include "models/stream/io/text_source.h"

namespace conclave::stream {

/// Reads to the end; aborts when a row does not keep to the schema.
inline void check_rows(TextSource& source) {
  RowBlock block;
  while (source.read(block, 64) > 0) {
    if (source.row_lines().size() != block.size()) std::abort();
    for (size_t i = 0; i < block.size(); ++i) {
      const auto row = block.row(i);
      if (row.size() != source.schema().inputs.size()) std::abort();
      for (size_t j = 0; j < row.size(); ++j) {
        const auto& input = source.schema().inputs[j];
        if (std::isinf(row[j])) std::abort();
        if (input.nominal && !std::isnan(row[j]) &&
            !(row[j] >= 0 && row[j] < static_cast<double>(input.values.size())))
          std::abort();
      }
      if (!source.schema().regression() && block.label(i) >= source.schema().classes()) std::abort();
    }
  }
}

}  // namespace conclave::stream
