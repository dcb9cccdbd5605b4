#include "apps/audio/music_train.h"
#include "apps/audio/verbs.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

// A model from a recipe, whose "kind" says what is trained.
class TrainVerb : public Verb {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override { return "Train a model from a recipe; resumes where it stopped"; }
  std::string examples() const override {
    return "conclave-audio train --recipe assets/recipes/music-chorales.json --data DIR/music --out "
           "runs/music";
  }
  void declare(Options& options) override {
    options.add("recipe", recipe_, "Recipe file").required().existing();
    options.add("data", data_, "Folder of the data sets").existing().required();
    options.add("out", out_, "Folder of the model and its checkpoints; a stopped run there goes on")
        .required();
  }
  int run(Invocation& call) override { return train_music(music(), call); }
  int dry_run(Invocation& call) override { return plan_music_training(music(), call); }

 private:
  MusicTraining music() const {
    const Json recipe = read_json(recipe_);
    const std::string kind = recipe.is_object() ? recipe.value("kind", "music") : "";
    require<UsageError>(kind == "music", "{}: kind = \"{}\": must be music", recipe_.string(), kind);
    return {recipe, data_, out_};
  }

  std::filesystem::path recipe_, data_, out_;
};

}  // namespace

std::unique_ptr<Verb> make_train_verb() {
  return std::make_unique<TrainVerb>();
}

}  // namespace conclave
