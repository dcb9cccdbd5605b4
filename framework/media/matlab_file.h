/// MATLAB level 5 MAT-files, as data sets are published in: numeric arrays and cell arrays, packed or not.
///
///   128 bytes of header, then elements: tag (type, bytes), data, padded to 8 bytes. A compressed element
///   (type 15) holds one element after inflating. A matrix (type 14) holds flags, shape, name, then numbers
///   or, for a cell array, one matrix for each cell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct MatlabArray {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<double> numbers;     ///< column by column; empty for a cell array
  std::vector<MatlabArray> cells;  ///< column by column; empty for a numeric array
};

/// All variables of a file. `limit` bounds what may be allocated, in bytes. Throws DataError for bytes that
/// are no such file, that are cut off or contradict themselves, and for kinds that are not read: objects,
/// structures, sparse and complex arrays, level 7.3 (HDF5).
std::vector<MatlabArray> read_matlab(std::string_view bytes, const std::string& name,
                                     uint64_t limit = uint64_t{1} << 30);

}  // namespace conclave
