/// An independent judge of speech: CMU Sphinx, as the program that Debian's package brings.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "framework/tensor/module.h"

namespace conclave {

struct Sphinx {
  std::filesystem::path program, model;

  /// Nothing when pocketsphinx_batch or its English model are not installed.
  static std::optional<Sphinx> find();

  /// What is heard in each clip, with a grammar of one digit: 0 to 9, -1 for nothing. Throws Error when the
  /// program fails.
  std::vector<int> hear_digits(const std::vector<Tensor>& clips, int64_t sample_rate) const;
  /// Words in small letters, with the English language model.
  std::vector<std::string> hear_words(const std::vector<Tensor>& clips, int64_t sample_rate) const;
};

}  // namespace conclave
