/// conclave-vqa train: a model from a recipe.
#pragma once

#include "apps/common/verb.h"

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

 private:
  std::filesystem::path recipe_, data_, out_;
  std::vector<std::string> changes_;
};

}  // namespace conclave
