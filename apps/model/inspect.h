/// conclave-model inspect: what a checkpoint holds, from its configuration and headers alone.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

class ModelInspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override {
    return "Architecture, parameters, experts and memory, without loading";
  }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  std::filesystem::path folder_;
};

}  // namespace conclave
