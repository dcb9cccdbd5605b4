/// Recordings to learn from and to be judged by.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/fsdd.h"
#include "framework/base/json.h"
#include "framework/tensor/module.h"
#include "models/audio/pronouncer.h"

namespace conclave {

struct Recording {
  Tensor samples_N;       ///< float32 mono
  FsddClip clip;          ///< digit and speaker, where they are known: speaker empty otherwise
  std::string text = {};  ///< of a phrase: small letters
  std::vector<std::string> phones = {};
  std::vector<double> phone_ends = {};  ///< seconds
};

/// A source of a recipe: {"kind": "fsdd", "split": "train" | "learning" | "validation" | "test" | "all",
/// "only": [speakers], "without": [speakers]} below `data`, or {"kind": "folder", "folder": NAME} below
/// `more`, or {"kind": "phrases", "folder": NAME, "split": "learning" | "validation"}, a folder with a
/// phrases.tsv of file, voice, text and phones with their ends, of whose rows each fiftieth validates; read
/// as mono at `sample_rate`. The official training split has index 5 and up; of it "validation" is 5 to 9 and
/// "learning" the rest. Throws UsageError that names the key, DataError.
std::vector<Recording> load_recordings(const Json& source, const std::filesystem::path& data,
                                       const std::filesystem::path& more, int64_t sample_rate,
                                       const std::string& path);

/// Words of a source {"kind": "words", "folder": NAME, "split": "learning" | "validation"}: a words.tsv of
/// word and phones, of whose rows each fiftieth validates. Throws as load_recordings.
std::vector<PronouncedWord> load_words(const Json& source, const std::filesystem::path& more,
                                       const std::string& path);

}  // namespace conclave
