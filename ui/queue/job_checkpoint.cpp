#include "ui/queue/job_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace conclave::ui {
namespace {
namespace fs = std::filesystem;

constexpr std::string_view kStep = "step-", kStage = "stage-", kOut = "--out";

// 12 of "step-00000012" or "stage-12-name"; nullopt when it is another name.
std::optional<int64_t> number_behind(std::string_view prefix, const std::string& name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  int64_t number = 0;
  const char* begin = name.data() + prefix.size();
  const auto end = std::from_chars(begin, name.data() + name.size(), number);
  return end.ptr == begin ? std::nullopt : std::optional(number);
}

// A verb is the first word of a program, or the second one of `conclave APP`.
bool trains(const std::vector<std::string>& words) {
  for (size_t i = 1; i < words.size() && i < 3; ++i)
    if (words[i] == "train") return true;
  return false;
}

fs::path out_of(const Job& job) {
  std::string out;
  for (size_t i = 1; i < job.argv.size(); ++i) {
    const std::string& word = job.argv[i];
    if (word == kOut && i + 1 < job.argv.size()) out = job.argv[i + 1];
    if (word.starts_with(std::string(kOut) + "=")) out = word.substr(kOut.size() + 1);
  }
  return out.empty() ? fs::path() : fs::path(job.folder) / out;
}

}  // namespace

std::optional<JobCheckpoint> checkpoint_of(const Job& job) {
  if ((job.state != "cancelled" && job.state != "failed") || !trains(job.argv)) return std::nullopt;
  const fs::path out = out_of(job);
  std::error_code none;  // a folder that is not there, or not ours to read, has no checkpoint
  std::optional<JobCheckpoint> newest;
  for (const auto& folder : fs::directory_iterator(out, none)) {
    const std::string name = folder.path().filename().string();
    const auto stage = name == "checkpoints" ? std::optional<int64_t>(0) : number_behind(kStage, name);
    if (!stage) continue;
    for (const auto& entry : fs::directory_iterator(folder.path(), none)) {
      const auto step = number_behind(kStep, entry.path().filename().string());
      if (!step || !fs::exists(entry.path() / "state.json", none)) continue;
      if (!newest || std::tie(newest->stage, newest->step) < std::tie(*stage, *step))
        newest = {entry.path(), *stage, *step};
    }
  }
  return newest;
}

}  // namespace conclave::ui
