#include "apps/audio/music_eval.h"
#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace {

// Figures of a data set, one task each.
class EvalVerb : public Verb {
 public:
  std::string name() const override { return "eval"; }
  std::string summary() const override { return "Score a model on a data set"; }
  std::string examples() const override {
    return "conclave-audio eval --task music-nll --dataset jsb --data DIR/music --protocol factored --json";
  }
  void declare(Options& options) override {
    options.add("task", task_, "What is measured").choices({"music-nll"}).required();
    options.add("data", music_.data, "Folder of the data sets").existing().required();
    options.add("model", music_.model, "Folder of the model (default: the shipped one)").existing();
    options.add("split", music_.split, "Split").choices({"train", "valid", "test"});
    options.add("dataset", music_.dataset, "Music set").choices({"jsb", "nottingham"}).group("Music");
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
  }
  int run(Invocation& call) override {
    set_threads(call.common().threads);
    if (music_.model.empty()) music_.model = shipped("music-small");
    return evaluate_music(music_, call);
  }

 private:
  std::string task_;
  MusicEvaluation music_{{}, {}, "jsb", "test", "factored"};
};

}  // namespace

std::unique_ptr<Verb> make_eval_verb() {
  return std::make_unique<EvalVerb>();
}

}  // namespace conclave
