/// An independent judge of spoken digits: CMU Sphinx, as the program that Debian's package brings.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "framework/tensor/module.h"

namespace conclave {

class DigitRecogniser {
 public:
  /// Nothing when pocketsphinx_batch or its English model are not installed.
  static std::optional<DigitRecogniser> find();

  /// What is heard in each clip, with a grammar of one digit: 0 to 9, -1 for nothing. Throws Error when the
  /// program fails.
  std::vector<int> hear(const std::vector<Tensor>& clips, int64_t sample_rate) const;

 private:
  std::filesystem::path program_, model_;
};

}  // namespace conclave
