/// conclave-vqa train: a model from a recipe.
#pragma once

#include "apps/common/verb.h"
#include "apps/vqa/stages.h"
#include "apps/vqa/train_folder.h"

namespace conclave {

class TrainVerb : public Verb {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override {
    return "Train a model from a recipe, stage by stage; resumes where it stopped";
  }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;
  /// Everything that run() checks before it trains, and then the stages in numbers.
  int dry_run(Invocation& call) override;

 private:
  /// A recipe that fits its data, its folder and itself.
  struct Job {
    Recipe recipe;
    std::vector<RecipeChange> changes;  ///< since the folder was begun
    Ingredients ingredients;
    std::vector<StagePlan> plan;
  };
  Job prepare(Invocation& call) const;
  Ptr<Vlm> train(const Job& job, const TrainFolder& folder, Invocation& call) const;
  std::string what_next(const Recipe& recipe) const;

  std::filesystem::path recipe_, data_, out_;
  std::vector<std::string> changes_;
};

}  // namespace conclave
