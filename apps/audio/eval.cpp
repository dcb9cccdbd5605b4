#include "apps/audio/music_eval.h"
#include "apps/audio/music_style.h"
#include "apps/audio/sound_eval.h"
#include "apps/audio/speech_eval.h"
#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "datasets/music_set.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace {

// Figures of a data set, one task each.
class EvalVerb : public Verb {
 public:
  std::string name() const override { return "eval"; }
  std::string summary() const override { return "Score a model on a data set"; }
  std::string examples() const override {
    return "conclave-audio eval --task music-nll --dataset jsb --data DIR/music --protocol factored --json\n"
           "conclave-audio eval --task music-key --data DIR/music --json\n"
           "conclave-audio eval --task music-style --dataset jsb --data DIR/music --json\n"
           "conclave-audio eval --task codec --data DIR/speech\n"
           "conclave-audio eval --task digits --data DIR/speech --json\n"
           "conclave-audio eval --task speech --data more/voice --model runs/voice --json";
  }
  void declare(Options& options) override {
    options.add("task", task_, "What is measured")
        .choices({"music-nll", "music-key", "music-beat", "music-style", "codec", "digits", "speech"})
        .required();
    options.add("data", music_.data, "Folder of the data sets; for speech that of sentences.txt")
        .existing()
        .required();
    options.add("model", music_.model, "Folder of the model (default: the shipped one)").existing();
    options.add("split", music_.split, "Split").choices({"train", "valid", "test"});
    options.add("dataset", music_.dataset, "Music set").choices(music_set_names()).group("Music");
    options
        .add("protocol", music_.protocol,
             "factored: each note given those above it; sigmoid: 88 independent keys")
        .choices({"factored", "sigmoid"})
        .group("Music");
    options
        .add("shifts", music_.shifts,
             "Average each frame's probability over the piece moved by up to so many semitones either way")
        .range(0, 11)
        .group("Music");
    options.add("pieces", pieces_, "Of the split, from its beginning, that a style is compared over; 0: all")
        .range(0, 100000)
        .group("Music");
    options.add("speaker", sound_.speaker, "Whom the codec is judged by; the shipped one never heard lucas")
        .group("Speech");
    options.add("takes", sound_.takes, "Takes of each digit and speaker").range(1, 1000).group("Speech");
    options.add("temperature", sound_.temperature, "Of the draws").range(0, 10).group("Speech");
    options.add("guidance", sound_.guidance, "As in speak").range(0, 20).group("Speech");
  }
  int run(Invocation& call) override {
    set_threads(call.common().threads);
    if (task_ == "music-key") return evaluate_key_finding(music_.data, call);
    if (task_ == "music-beat") return evaluate_beat_finding(music_.data, call);
    if (task_ != "music-nll" && task_ != "music-style") {
      sound_.data = music_.data;
      sound_.model = music_.model;
      sound_.seed = call.common().seed;
      if (task_ == "speech") return eval_speech(sound_, call);
      return task_ == "codec" ? eval_codec(sound_, call) : eval_digits(sound_, call);
    }
    if (music_.model.empty())
      music_.model = shipped(music_set_style(music_.dataset) == "tune" ? "music-tunes"
                             : music_.protocol == "sigmoid"            ? "music-chorales-sigmoid"
                                                                       : "music-chorales");
    return task_ == "music-style" ? evaluate_music_style(music_, pieces_, call)
                                  : evaluate_music(music_, call);
  }

 private:
  std::string task_;
  int64_t pieces_ = 0;
  SoundEvalOptions sound_;
  MusicEvaluation music_{{}, {}, "jsb", "test", "factored"};
};

}  // namespace

std::unique_ptr<Verb> make_eval_verb() {
  return std::make_unique<EvalVerb>();
}

}  // namespace conclave
