/// Words to the codes of a codec, in the voice of a known speaker or of a sample: the language model of
/// UniMoE-Audio (arXiv 2510.13344) at a size that trains on a CPU.
///
///   [who] ([voice] frames of the sample) [say] words [sound] steps of codes, delayed codebook by codebook
///
/// What it says are whole words; or free text, as the phones of some words at a time, with cues at each step
/// (unit_cues.h).
#pragma once

#include <functional>

#include "models/audio/audio_lm.h"
#include "models/audio/unit_cues.h"

namespace conclave {

struct SpeechModel : Module {
  std::vector<std::string> words;     ///< that it says; of free text phones
  bool guided = false;                ///< whether it has learned without the text, too
  std::vector<std::string> speakers;  ///< that it knows by name
  int64_t book_size = 0;
  Ptr<AudioLm> lm;
  double temperature = 0.7, guidance = 1;  ///< of SpeechRequest, unless one asks for others
  Ptr<UnitCues> cues;                      ///< of free text; null: it says single words

  bool free_text() const { return cues != nullptr; }
  int64_t books() const { return lm->pattern.channels(); }
  // Ids of the text.
  int64_t word(int64_t i) const { return i; }
  int64_t speaker(int64_t i) const { return static_cast<int64_t>(words.size()) + i; }
  int64_t control(int64_t i) const { return speaker(static_cast<int64_t>(speakers.size())) + i; }
  int64_t nobody() const { return control(0); }  ///< stands for a speaker without a name
  int64_t voice() const { return control(1); }
  int64_t say() const { return control(2); }
  int64_t sound() const { return control(3); }
  int64_t frame() const { return control(4); }  ///< the place of a frame or step of codes

  /// The text before the codes. `speaker` -1: nobody; `sample_frames` 0: no sample.
  std::vector<int64_t> prompt(const std::vector<int64_t>& said, int64_t speaker, int64_t sample_frames) const;
  void visit(Visitor& v) override;
};

/// {"kind": "speech", "words": [..], "speakers": [..], "books": 8, "book_size": 256, "text": {keys of
/// make_transformer}}: the delay is one step a codebook. Optional: "free_text" (words are phones),
/// "dropped" (share of training without the text, which guidance needs), "temperature", "guidance". Throws
/// UsageError that names the key.
Ptr<SpeechModel> make_speech_model(const Json& config);

struct SpeechRequest {
  std::vector<int64_t> words = {0};
  int64_t speaker = -1;  ///< -1: by the sample alone
  Tensor sample_FK;      ///< codes of a voice; undefined: none
  double temperature = 0.7;
  double guidance =
      1;  ///< logits go this far from those without the text to those with it (arXiv 2207.12598)
  int64_t top_k = 40;
  int64_t least_frames = 8, most_frames = 75;
  uint64_t seed = 0;
  std::vector<int64_t>* unit_ends = nullptr;  ///< of free text: gets the frame at which each unit ended
  RoutingLog* log = nullptr;  ///< gets the layers' records of the prompt, then of every step of codes
};

/// Draws the codes of one word or window and hands each frame [K] out as soon as all its codebooks are known;
/// the visit returns false to end it. Returns the number of frames. The same request gives the same codes.
int64_t say_word(const SpeechModel& model, const SpeechRequest& request,
                 const std::function<bool(const Tensor& frame_K)>& visit);

}  // namespace conclave
