/// The data in a pickle, without running anything: tensors and plain containers alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// A tensor that a pickle describes. Its elements lie in a storage beside the pickle.
struct PickledTensor {
  std::string name;          ///< the keys on the way to it, joined with dots
  std::string storage;       ///< which one
  std::string dtype;         ///< as safetensors calls it: "F32"
  int64_t storage_size = 0;  ///< elements of the storage
  int64_t offset = 0;        ///< elements before the first one
  std::vector<int64_t> shape, stride;
};

struct PickledData {
  std::vector<PickledTensor> tensors;  ///< names are different, every element lies within its storage
  Json values;                         ///< what else there is, in the same nesting; null: nothing
};

/// Reads what torch.save wrote as data.pkl: dictionaries, lists, tuples, strings, numbers and tensors. No
/// class is looked up and no function is called, whatever the bytes name. Throws DataError for any other
/// object, which it names, and for damaged bytes.
PickledData read_pickle(std::string_view bytes, const std::string& origin);

}  // namespace conclave
