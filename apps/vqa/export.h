/// conclave-vqa export: answers that run or eval wrote, in the layouts of other tools.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

class ExportVerb : public Verb {
 public:
  std::string name() const override { return "export"; }
  std::string summary() const override { return "Write answers in the layout of another tool"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;
  bool computes() const override { return false; }

 private:
  std::filesystem::path answers_, data_, out_;
  std::string format_, dataset_, split_;
};

}  // namespace conclave
