/// conclave-model bench: tokens a second of a model of a real size, beside other software.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

class ModelBenchVerb : public Verb {
 public:
  std::string name() const override { return "bench"; }
  std::string summary() const override {
    return "Measure prefill and decoding, beside peers where there are any";
  }
  std::string examples() const override;
  bool recorded() const override { return false; }
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  std::filesystem::path folder_, peers_;
  std::string python_ = "python3";
  std::vector<std::string> weights_ = {"float32", "bfloat16"};
  int64_t layers_ = 4, prompt_ = 512, tokens_ = 32, rounds_ = 3;
};

}  // namespace conclave
