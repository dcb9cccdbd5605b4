/// conclave-model convert, quantize and merge-adapter: checkpoints written anew.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

class ModelConvertVerb : public Verb {
 public:
  std::string name() const override { return "convert"; }
  std::string summary() const override { return "Write .bin or .pth weights as safetensors, bit for bit"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  std::filesystem::path from_, to_;
};

class ModelQuantizeVerb : public Verb {
 public:
  std::string name() const override { return "quantize"; }
  std::string summary() const override { return "Write a model as one GGUF file of 8 or 4 bits a weight"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  std::filesystem::path from_, to_;
  std::string weights_ = "int8";
};

class ModelMergeVerb : public Verb {
 public:
  std::string name() const override { return "merge-adapter"; }
  std::string summary() const override { return "Fold a LoRA or DoRA adapter into its base model's weights"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  std::filesystem::path from_, to_;
};

}  // namespace conclave
