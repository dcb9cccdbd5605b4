#include "apps/audio/music_train.h"
#include "apps/audio/sound_training.h"
#include "apps/audio/verbs.h"
#include "apps/common/json_changes.h"
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
           "runs/music\n"
           "conclave-audio train --recipe assets/recipes/audio-speech.json --data DIR/speech --codec "
           "runs/codec --out runs/speech";
  }
  void declare(Options& options) override {
    options.add("recipe", recipe_, "Recipe file").required().existing();
    options.add("data", data_, "Folder of the data sets").existing().required();
    options.add("out", out_, "Folder of the model and its checkpoints; a stopped run there goes on")
        .required();
    options.add("set", changes_, "Change a key of the recipe: train.steps=100; may be repeated");
    options.add("more", sound_.more, "Folder of further recordings, which a recipe calls by folder")
        .existing()
        .group("Sound");
    options
        .add(
            "from", from_,
            "Folder of a model that the new one begins with; of music also dense specialists that become its "
            "experts, one after the other")
        .existing();
    options.add("codec", sound_.codec, "Folder of the codec whose codes a speech model learns")
        .existing()
        .group("Sound");
  }
  int run(Invocation& call) override {
    const Json recipe = with_changes(read_json(recipe_), changes_);
    return is_sound_recipe(recipe) ? train_sound(recipe, folders(), false, call)
                                   : train_music(music(recipe), call);
  }
  int dry_run(Invocation& call) override {
    const Json recipe = with_changes(read_json(recipe_), changes_);
    return is_sound_recipe(recipe) ? train_sound(recipe, folders(), true, call)
                                   : plan_music_training(music(recipe), call);
  }

 private:
  SoundFolders folders() const {
    SoundFolders folders = sound_;
    folders.data = data_;
    folders.out = out_;
    require<UsageError>(from_.size() <= 1, "--from: this kind of recipe begins with one model");
    if (!from_.empty()) folders.from = from_[0];
    return folders;
  }
  MusicTraining music(const Json& recipe) const {
    const std::string kind = recipe.is_object() ? recipe.value("kind", "music") : "";
    require<UsageError>(kind == "music", "{}: kind = \"{}\": must be music, codec, classifier or speech",
                        recipe_.string(), kind);
    return {recipe, data_, out_, from_};
  }

  std::filesystem::path recipe_, data_, out_;
  std::vector<std::filesystem::path> from_;
  SoundFolders sound_;
  std::vector<std::string> changes_;
};

}  // namespace

std::unique_ptr<Verb> make_train_verb() {
  return std::make_unique<TrainVerb>();
}

}  // namespace conclave
