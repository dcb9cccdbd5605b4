/// A folder of training checkpoints, each a folder of its own that appears and goes away as a whole.
///
///   step-00000200/model.safetensors  optimizer.safetensors  random.safetensors  ema.safetensors  state.json
///
/// A checkpoint is filled under a hidden name, synced and renamed; one that is deleted is renamed first. So a
/// kill at any moment leaves whole checkpoints and perhaps a hidden folder, which the next start removes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

namespace conclave {

/// For one process at a time.
class TrainingCheckpoints {
 public:
  explicit TrainingCheckpoints(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path path_of(int64_t step) const;
  /// Steps of all checkpoints, ascending. No folder, no checkpoints.
  std::vector<int64_t> steps() const;
  std::optional<int64_t> newest() const;
  /// `fill` writes the files of the checkpoint into the folder it is given. Replaces an older one of `step`.
  void write(int64_t step, const std::function<void(const std::filesystem::path&)>& fill) const;
  /// Deletes all but the newest `keep` and the one of step `best`.
  void prune(int keep, std::optional<int64_t> best) const;
  /// Renames a damaged checkpoint, so that it counts no more, and returns its new path.
  std::filesystem::path set_aside(int64_t step) const;
  /// Deletes what a killed process left behind.
  void remove_leftovers() const;

 private:
  void remove(int64_t step) const;

  std::filesystem::path folder_;
};

}  // namespace conclave
