#include "apps/audio/voices.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "apps/common/shipped.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

bool knows(const OpenVoice& voice, const std::string& speaker) {
  const auto& names = voice.speech->speakers;
  return speaker.empty() || std::find(names.begin(), names.end(), speaker) != names.end();
}

}  // namespace

const OpenVoice& Voices::digits() {
  if (!digits_.speech) digits_ = open_voice(voice_folder(given_));
  return digits_;
}

const OpenVoice& Voices::free_text() {
  if (!free_text_.speech) free_text_ = open_voice(shipped(kFreeTextVoice));
  return free_text_;
}

const OpenVoice& Voices::for_text(const std::string& text, const std::string& speaker) {
  if (!given_.empty()) return digits();
  if (can_say(*digits().speech, text) && knows(digits(), speaker)) return digits();
  const OpenVoice& other = free_text();
  require<UsageError>(knows(other, speaker), "--speaker {}: {} say digits alone, {} say any text", speaker,
                      fmt::join(digits().speech->speakers, ", "), fmt::join(other.speech->speakers, ", "));
  return other;
}

}  // namespace conclave
