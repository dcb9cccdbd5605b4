/// Free Spoken Digit Dataset: {digit}_{speaker}_{index}.wav, 8 kHz. The official test set is index 0 to 4 of
/// each digit and speaker.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace conclave {

struct FsddClip {
  std::filesystem::path file;
  int digit = 0;
  std::string speaker;
  int index = 0;
  bool in_test() const { return index < 5; }
};

/// The clips of `data`, `data`/fsdd or `data`/speech/fsdd, sorted by speaker, digit and index. Throws
/// DataError for a folder without such clips and for a name of another form.
std::vector<FsddClip> list_fsdd(const std::filesystem::path& data);

/// Their names in order, each once.
std::vector<std::string> fsdd_speakers(const std::vector<FsddClip>& clips);

}  // namespace conclave
