#include "models/checkpoint/convert.h"

#include <ATen/ATen.h>

#include <set>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/weights.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
constexpr uint64_t kShard = uint64_t{4} << 30;
constexpr uintmax_t kSmall = uintmax_t{64} << 20;

// What a model needs beside its weights; indexes belong to the files they list.
bool goes_along(const fs::path& file) {
  static const std::set<std::string> kinds = {".json", ".txt", ".model", ".jinja", ".tiktoken"};
  return kinds.contains(file.extension().string()) && !file.filename().string().ends_with(".index.json") &&
         fs::file_size(file) <= kSmall;
}

// What weights say of themselves, as a config.json that finds the same architecture again.
Json settings_of(const fs::path& weights, const Json& values) {
  try {
    const auto found = open_checkpoint(weights);
    Json settings = found.published;
    settings["model_type"] = found.architecture->classes.front();
    return settings;
  } catch (const DataError&) {
    return values;  // of a model that is not known
  }
}

}  // namespace

void require_no_weights(const fs::path& folder) {
  for (const char* taken : {"model.safetensors", "model.safetensors.index.json"})
    require<UsageError>(!fs::exists(folder / taken), "{} has {} already", folder.string(), taken);
}

Converted write_checkpoint(const fs::path& to, const fs::path& from, const TensorList& tensors) {
  Converted done;
  for (const auto& [name, tensor] : tensors) {
    ++done.tensors;
    done.bytes += tensor.nbytes();
  }
  fs::create_directories(to);
  if (fs::is_directory(from)) {
    for (const auto& entry : fs::directory_iterator(from))
      if (entry.is_regular_file() && goes_along(entry.path()))
        fs::copy_file(entry.path(), to / entry.path().filename(), fs::copy_options::overwrite_existing);
  }
  save_safetensors_sharded(to, tensors, kShard, {{"format", "pt"}});
  return done;
}

Converted convert_checkpoint(const fs::path& from, const fs::path& to) {
  const auto weights = open_weights(from);
  require_no_weights(to);
  TensorList tensors;
  for (const auto& name : weights->names()) tensors.emplace_back(name, weights->tensor(name));
  const Converted done = write_checkpoint(to, from, tensors);
  if (const Json values = values_beside(*weights); !fs::exists(to / "config.json") && values.is_object())
    write_file(to / "config.json", settings_of(from, values).dump(2) + "\n");
  return done;
}

}  // namespace conclave
