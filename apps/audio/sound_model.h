/// Opening the models that conclave-audio hears and speaks with.
#pragma once

#include <array>
#include <filesystem>

#include "models/audio/clip_classifier.h"
#include "models/audio/pronouncer.h"
#include "models/audio/speaking.h"

namespace conclave {

struct OpenCodec {
  Ptr<SpectralCodec> codec;
  std::array<uint8_t, 16> id{};  ///< begin of the SHA-256 of its weights' file
};

/// The begin of the SHA-256 of a file, by which files of codes name their codec.
std::array<uint8_t, 16> file_id(const std::filesystem::path& file);

/// Folders of config.json and model.safetensors, as train leaves them. Throws UsageError, DataError.
OpenCodec open_codec(const std::filesystem::path& folder);
Ptr<ClipClassifier> open_classifier(const std::filesystem::path& folder);

/// A speech model lies in "speech" and its codec in "codec" of one folder, beside them, for free text, in
/// "pronouncer" how words are pronounced. Throws UsageError when they do not fit each other.
struct OpenVoice {
  OpenCodec codec;
  Ptr<SpeechModel> speech;
  Ptr<Pronouncer> pronouncer;  ///< null: none
  Pronounce pronounce;         ///< by it; each word is thought of once. Of single words: nothing
};
OpenVoice open_voice(const std::filesystem::path& folder);

/// Place of a speaker by name; an empty name is the first one. Throws UsageError that lists them.
int64_t find_speaker(const SpeechModel& speech, const std::string& name);

/// The shipped voice that says any English; the one of voice_folder says digits.
inline constexpr const char* kFreeTextVoice = "audio-voice";

/// `given`, or when it is empty the folder that was shipped.
std::filesystem::path voice_folder(const std::filesystem::path& given);
/// The codec of that voice, or `given` itself where it is a codec.
std::filesystem::path codec_folder(const std::filesystem::path& given);

}  // namespace conclave
