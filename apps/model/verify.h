/// conclave-model verify: a checkpoint against the recorded numbers of its original code.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

class ModelVerifyVerb : public Verb {
 public:
  std::string name() const override { return "verify"; }
  std::string summary() const override { return "Compare with the recorded numbers of the original code"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  std::vector<std::filesystem::path> folders_;
  std::string weights_;
};

}  // namespace conclave
