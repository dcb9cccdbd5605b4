/// Copies of recorded checkpoints with something changed.
#pragma once

#include <functional>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/tensor/safetensors.h"
#include "testing/testing.h"

namespace conclave::testing {

inline std::filesystem::path parity_folder(const std::string& name) {
  return *data_dir() / "parity" / name;
}

/// The tensors of a file or folder, by name.
inline std::map<std::string, at::Tensor> tensors_of(const std::filesystem::path& path) {
  const Safetensors files(path);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& name : files.names()) tensors[name] = files.tensor(name).clone();
  return tensors;
}

inline void save_tensors(const std::filesystem::path& file,
                         const std::map<std::string, at::Tensor>& tensors) {
  save_safetensors(file, TensorList(tensors.begin(), tensors.end()));
}

/// Writes the folder `from` to `target` after `change` was applied to its weights and configuration.
inline void copy_changed(const std::filesystem::path& from, const std::filesystem::path& target,
                         const std::function<void(std::map<std::string, at::Tensor>&, Json&)>& change) {
  auto tensors = tensors_of(from);
  Json config = read_json(from / "config.json");
  change(tensors, config);
  std::filesystem::create_directories(target);
  save_tensors(target / "model.safetensors", tensors);
  write_file(target / "config.json", config.dump());
  const auto overwrite = std::filesystem::copy_options::overwrite_existing;
  for (const char* file : {"inputs.safetensors", "expected.safetensors"})
    std::filesystem::copy_file(from / file, target / file, overwrite);
  for (const char* file : {"vision_config.json", "mole_args.json"})  // settings beside config.json
    if (std::filesystem::exists(from / file))
      std::filesystem::copy_file(from / file, target / file, overwrite);
}

/// The same for a recorded folder by its name.
inline void copy_changed(const char* name, const std::filesystem::path& target,
                         const std::function<void(std::map<std::string, at::Tensor>&, Json&)>& change) {
  copy_changed(parity_folder(name), target, change);
}

}  // namespace conclave::testing
