#include "apps/audio/recogniser.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <algorithm>
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

// One line of what is heard for each clip, by a grammar or language model that `how` names.
std::vector<std::string> heard_by(const Sphinx& sphinx, std::vector<std::string> how, const fs::path& at,
                                  const std::vector<Tensor>& clips, int64_t sample_rate) {
  std::string list;
  for (size_t i = 0; i < clips.size(); ++i) {
    save_sound(at / fmt::format("{}.wav", i), resample(clips[i], sample_rate, kRate), kRate);
    list += fmt::format("{}\n", i);
  }
  write_file(at / "list", list);
  std::vector<std::string> words = {sphinx.program.string(), "-hmm", (sphinx.model / "en-us").string(),
                                    "-dict", (sphinx.model / "cmudict-en-us.dict").string()};
  words.insert(words.end(), how.begin(), how.end());
  words.insert(words.end(),
               {"-ctl", (at / "list").string(), "-cepdir", at.string(), "-cepext", ".wav", "-adcin", "yes",
                "-adchdr", "44", "-hyp", (at / "heard").string(), "-logfn", "/dev/null"});
  const auto done = run_child(words);
  require(done.code == 0, "{} ended with code {}", sphinx.program.string(), done.code);
  std::istringstream lines(read_file(at / "heard"));
  std::vector<std::string> heard;
  for (std::string line; std::getline(lines, line);) {  // words (clip score)
    line = line.substr(0, line.rfind('('));
    while (line.ends_with(' ')) line.pop_back();
    heard.push_back(line);
  }
  require(heard.size() == clips.size(), "{} heard {} of {} clips", sphinx.program.string(), heard.size(),
          clips.size());
  return heard;
}

}  // namespace

std::optional<Sphinx> Sphinx::find() {
  const Sphinx found{find_program("pocketsphinx_batch"), kModel};
  if (found.program.empty() || !fs::exists(found.model / "en-us")) return std::nullopt;
  return found;
}

std::vector<int> Sphinx::hear_digits(const std::vector<Tensor>& clips, int64_t sample_rate) const {
  const Scratch scratch;
  const fs::path grammar = scratch.folder / "digit.gram";
  write_file(
      grammar,
      "#JSGF V1.0;\ngrammar digit;\npublic <digit> = zero | one | two | three | four | five | six | seven | "
      "eight | nine;\n");
  std::vector<int> digits;
  for (const auto& word : heard_by(*this, {"-jsgf", grammar.string()}, scratch.folder, clips, sample_rate)) {
    const auto* found = std::find(std::begin(kDigits), std::end(kDigits), word);
    digits.push_back(found == std::end(kDigits) ? -1 : static_cast<int>(found - std::begin(kDigits)));
  }
  return digits;
}

std::vector<std::string> Sphinx::hear_words(const std::vector<Tensor>& clips, int64_t sample_rate) const {
  const Scratch scratch;
  return heard_by(*this, {"-lm", (model / "en-us.lm.bin").string()}, scratch.folder, clips, sample_rate);
}

}  // namespace conclave
