/// conclave-model chat: a conversation on the terminal, or of the lines on stdin.
#pragma once

#include "apps/model/reply_flags.h"

namespace conclave {

class ModelChatVerb : public Verb {
 public:
  std::string name() const override { return "chat"; }
  std::string summary() const override { return "Talk with a model; /reset begins anew, /exit ends"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  Json beginning() const;

  ReplyFlags flags_;
  std::string system_;
};

}  // namespace conclave
