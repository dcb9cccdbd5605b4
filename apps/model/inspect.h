/// conclave-model inspect: what a checkpoint holds, from its configuration and headers alone; or which
/// experts the tokens of texts and pictures go to.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

class ModelInspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override {
    return "Architecture, parameters, experts and memory, without loading; or the experts of a text's tokens";
  }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  int describe(Invocation& call) const;
  int read_texts(Invocation& call) const;

  std::filesystem::path folder_, file_;
  std::vector<std::string> prompts_;
  std::vector<std::filesystem::path> images_;
};

}  // namespace conclave
