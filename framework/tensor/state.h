/// A module's tensors in and out of checkpoints.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "framework/tensor/module.h"
#include "framework/tensor/safetensors.h"

namespace conclave {

/// All tensors of a module under their dotted names, with `prefix` in front.
TensorList state_of(Module& module, const std::string& prefix = "");

/// Writes them to one file.
void save_state(Module& module, const std::filesystem::path& file,
                const std::map<std::string, std::string>& metadata = {});

struct LoadOptions {
  std::string prefix;                                           ///< stands before every name in the file
  std::function<std::string(const std::string&)> name_in_file;  ///< from the module's name, before the prefix
  /// Whether a tensor of the file may stay unread (a part that this module does not have).
  std::function<bool(const std::string&)> may_ignore;
  /// Takes the file's own pages where dtype and device agree, in place of copying: such a module starts at
  /// once.
  bool map = false;
  /// Refuses a tensor with a NaN or an infinity; what was read is then in the module all the same.
  bool finite = false;
};

/// The name of the first tensor that holds a NaN or an infinity.
std::optional<std::string> first_not_finite(Module& module);

/// Fills every tensor of `module`; values are converted to the module's dtype and device. Missing, surplus
/// and misshapen tensors are one DataError that lists them all, and then nothing has been changed. Only names
/// that start with the prefix count as surplus.
void load_state(Module& module, const TensorSource& source, const LoadOptions& options = {});

}  // namespace conclave
