/// conclave-model run: one prompt and its reply, or a file of prompts.
#pragma once

#include "apps/model/prompt_rows.h"
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
  void check() const;
  NamedFolders adapters() const;
  Sights load(const PromptRow& row, const Speaker& speaker) const;
  int run_one(Invocation& call, const Speaker& speaker) const;
  int run_rows(Invocation& call, const Speaker& speaker) const;

  ReplyFlags flags_;
  std::string prompt_, adapter_of_prompt_;
  std::vector<std::string> adapters_;
  std::vector<std::filesystem::path> images_, videos_;
  std::filesystem::path input_, out_;
  int64_t batch_ = 8, frames_ = 0;
  bool chat_ = false, resume_ = false;
};

}  // namespace conclave
