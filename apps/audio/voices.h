/// Which voice says a text: the one that is asked for, or of the shipped ones the first that can.
#pragma once

#include <string>

#include "apps/audio/sound_model.h"

namespace conclave {

class Voices {
 public:
  /// `given`: folder of the voice that says everything; empty: the shipped ones, each opened when it is first
  /// needed.
  explicit Voices(std::filesystem::path given) : given_(std::move(given)) {}

  /// The voice for a text. Of the shipped ones that of digits where it can say the text and knows the speaker
  /// (empty: anyone), else that of free text. Throws UsageError that tells which speakers say what; and as
  /// open_voice does.
  const OpenVoice& for_text(const std::string& text, const std::string& speaker);

 private:
  const OpenVoice& digits();
  const OpenVoice& free_text();

  std::filesystem::path given_;
  OpenVoice digits_, free_text_;  // or the given one, as the first; opened when there is a speech model
};

}  // namespace conclave
