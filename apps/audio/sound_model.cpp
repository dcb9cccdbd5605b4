#include "apps/audio/sound_model.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "apps/common/shipped.h"
#include "framework/base/error.h"
#include "framework/base/sha256.h"
#include "framework/tensor/fresh.h"
#include "framework/tensor/state.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr const char* kShipped = "audio-speech";

template <class M>
Ptr<M> open(const fs::path& folder, Ptr<M> (*make)(const Json&)) {
  require<UsageError>(fs::exists(folder / "config.json"), "{}: holds no model (config.json)",
                      folder.string());
  const auto model = make(read_json(folder / "config.json"));
  LoadOptions sound;
  sound.finite = true;
  load_state(*model, Safetensors(folder / "model.safetensors"), sound);
  return model;
}

Pronounce remembering(Ptr<Pronouncer> pronouncer) {
  return [model = std::move(pronouncer),
          known = std::map<std::string, std::vector<std::string>>()](const std::string& word) mutable {
    const auto found = known.find(word);
    return found != known.end() ? found->second : known.emplace(word, model->of(word)).first->second;
  };
}

}  // namespace

std::array<uint8_t, 16> file_id(const fs::path& file) {
  const std::string digest = sha256_file(file);
  std::array<uint8_t, 16> id{};
  for (size_t i = 0; i < id.size(); ++i)
    id[i] = static_cast<uint8_t>(std::stoi(digest.substr(2 * i, 2), nullptr, 16));
  return id;
}

OpenCodec open_codec(const fs::path& folder) {
  return {open<SpectralCodec>(folder, make_spectral_codec), file_id(folder / "model.safetensors")};
}

Ptr<ClipClassifier> open_classifier(const fs::path& folder) {
  return open<ClipClassifier>(folder, make_clip_classifier);
}

OpenVoice open_voice(const fs::path& folder) {
  OpenVoice voice{open_codec(folder / "codec"), open<SpeechModel>(folder / "speech", make_speech_model)};
  require<UsageError>(voice.speech->books() <= voice.codec.codec->books &&
                          voice.speech->book_size == voice.codec.codec->book_size,
                      "{}: the speech model has {} codebooks of {} rows, the codec {} of {}", folder.string(),
                      voice.speech->books(), voice.speech->book_size, voice.codec.codec->books,
                      voice.codec.codec->book_size);
  if (!voice.speech->free_text()) return voice;
  voice.pronouncer = open<Pronouncer>(folder / "pronouncer", make_pronouncer);
  const auto& said = voice.speech->words;
  for (const auto& phone : voice.pronouncer->phones)
    require<UsageError>(std::find(said.begin(), said.end(), phone) != said.end(),
                        "{}: the pronouncer has a phone {} that the speech model does not say",
                        folder.string(), phone);
  voice.pronounce = remembering(voice.pronouncer);
  return voice;
}

int64_t find_speaker(const SpeechModel& speech, const std::string& name) {
  if (name.empty()) return 0;
  const auto found = std::find(speech.speakers.begin(), speech.speakers.end(), name);
  require<UsageError>(found != speech.speakers.end(), "--speaker {}: there are {}", name,
                      fmt::join(speech.speakers, ", "));
  return found - speech.speakers.begin();
}

fs::path voice_folder(const fs::path& given) {
  return given.empty() ? shipped(kShipped) : given;
}

fs::path codec_folder(const fs::path& given) {
  const fs::path voice = voice_folder(given);
  return fs::exists(voice / "codec") ? voice / "codec" : voice;
}

}  // namespace conclave
