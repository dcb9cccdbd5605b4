/// conclave-model run: one prompt, one reply.
#pragma once

#include "apps/model/reply_flags.h"

namespace conclave {

class ModelRunVerb : public Verb {
 public:
  std::string name() const override { return "run"; }
  std::string summary() const override { return "Go on from a prompt, token by token"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  Json question() const;

  ReplyFlags flags_;
  std::string prompt_;
  std::vector<std::filesystem::path> images_;
  bool chat_ = false;
};

}  // namespace conclave
