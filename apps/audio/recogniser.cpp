#include "apps/audio/recogniser.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/resample.h"
#include "framework/media/sound_writer.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kRate = 16000;  // of the English model
constexpr const char* kModel = "/usr/share/pocketsphinx/model/en-us";
constexpr const char* kDigits[] = {"zero", "one", "two",   "three", "four",
                                   "five", "six", "seven", "eight", "nine"};

struct Scratch {
  fs::path folder = fs::temp_directory_path() / fmt::format("conclave-hear-{}", ::getpid());
  Scratch() { fs::create_directories(folder); }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
};

fs::path in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (fs::exists(fs::path(folder) / program)) return fs::path(folder) / program;
  return {};
}

}  // namespace

std::optional<DigitRecogniser> DigitRecogniser::find() {
  DigitRecogniser found;
  found.program_ = in_path("pocketsphinx_batch");
  found.model_ = kModel;
  if (found.program_.empty() || !fs::exists(found.model_ / "en-us")) return std::nullopt;
  return found;
}

std::vector<int> DigitRecogniser::hear(const std::vector<Tensor>& clips, int64_t sample_rate) const {
  const Scratch scratch;
  const fs::path& at = scratch.folder;
  std::string list;
  for (size_t i = 0; i < clips.size(); ++i) {
    save_sound(at / fmt::format("{}.wav", i), resample(clips[i], sample_rate, kRate), kRate);
    list += fmt::format("{}\n", i);
  }
  write_file(at / "list", list);
  write_file(
      at / "digit.gram",
      "#JSGF V1.0;\ngrammar digit;\npublic <digit> = zero | one | two | three | four | five | six | seven | "
      "eight | nine;\n");
  const auto done = run_child({program_.string(),
                               "-hmm",
                               (model_ / "en-us").string(),
                               "-dict",
                               (model_ / "cmudict-en-us.dict").string(),
                               "-jsgf",
                               (at / "digit.gram").string(),
                               "-ctl",
                               (at / "list").string(),
                               "-cepdir",
                               at.string(),
                               "-cepext",
                               ".wav",
                               "-adcin",
                               "yes",
                               "-adchdr",
                               "44",
                               "-hyp",
                               (at / "heard").string(),
                               "-logfn",
                               "/dev/null"});
  require(done.code == 0, "{} ended with code {}", program_.string(), done.code);
  std::istringstream lines(read_file(at / "heard"));
  std::vector<int> heard;
  for (std::string line; std::getline(lines, line);) {
    const std::string word = line.substr(0, line.find(' '));
    const auto* found = std::find(std::begin(kDigits), std::end(kDigits), word);
    heard.push_back(found == std::end(kDigits) ? -1 : static_cast<int>(found - std::begin(kDigits)));
  }
  require(heard.size() == clips.size(), "{} heard {} of {} clips", program_.string(), heard.size(),
          clips.size());
  return heard;
}

}  // namespace conclave
