#include "framework/train/checkpoint.h"

#include <algorithm>
#include <charconv>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "step-", kHidden = ".step-";

std::optional<int64_t> step_of(const fs::path& folder) {
  const std::string name = folder.filename();
  if (!name.starts_with(kPrefix)) return std::nullopt;
  int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [rest, code] = std::from_chars(name.data() + kPrefix.size(), end, step);
  if (code != std::errc() || rest != end || step < 0) return std::nullopt;
  return step;
}

}  // namespace

fs::path TrainingCheckpoints::path_of(int64_t step) const {
  return folder_ / fmt::format("step-{:08}", step);
}

std::vector<int64_t> TrainingCheckpoints::steps() const {
  std::vector<int64_t> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder_, none))
    if (const auto step = step_of(entry.path()); step && entry.is_directory()) found.push_back(*step);
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<int64_t> TrainingCheckpoints::newest() const {
  const auto found = steps();
  if (found.empty()) return std::nullopt;
  return found.back();
}

void TrainingCheckpoints::write(int64_t step, const std::function<void(const fs::path&)>& fill) const {
  const fs::path final = path_of(step);
  const fs::path hidden = folder_ / ("." + final.filename().string() + ".new");
  fs::remove_all(hidden);
  fs::create_directories(hidden);
  fill(hidden);
  sync_folder(hidden);
  remove(step);
  fs::rename(hidden, final);
  sync_folder(folder_);
}

void TrainingCheckpoints::remove(int64_t step) const {
  const fs::path path = path_of(step);
  if (!fs::exists(path)) return;
  const fs::path hidden = folder_ / ("." + path.filename().string() + ".old");
  fs::remove_all(hidden);
  fs::rename(path, hidden);
  fs::remove_all(hidden);
}

void TrainingCheckpoints::prune(int keep, std::optional<int64_t> best) const {
  const auto found = steps();
  for (size_t i = 0; i + std::max(keep, 1) < found.size(); ++i)
    if (found[i] != best) remove(found[i]);
}

fs::path TrainingCheckpoints::set_aside(int64_t step) const {
  const fs::path path = path_of(step), aside = folder_ / ("damaged-" + path.filename().string());
  fs::remove_all(aside);
  fs::rename(path, aside);
  sync_folder(folder_);
  return aside;
}

void TrainingCheckpoints::remove_leftovers() const {
  std::error_code none;
  std::vector<fs::path> hidden;
  for (const auto& entry : fs::directory_iterator(folder_, none))
    if (entry.path().filename().string().starts_with(kHidden)) hidden.push_back(entry.path());
  for (const auto& path : hidden) fs::remove_all(path);
}

}  // namespace conclave
