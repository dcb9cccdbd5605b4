/// conclave-vqa run: answers to questions about pictures.
#pragma once

#include "apps/vqa/ask_options.h"
#include "apps/vqa/questions.h"

namespace conclave {

class RunVerb : public Verb {
 public:
  std::string name() const override { return "run"; }
  std::string summary() const override {
    return "Answer questions about pictures, with the experts that read them";
  }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;
  int dry_run(Invocation& call) override;

 private:
  void check_files() const;
  void check_published_options() const;
  int run_by_published(Invocation& call);
  AskOptions ask_;
  QuestionOptions questions_;
  bool no_cache_ = false, resume_ = false;
  std::filesystem::path out_, routing_out_, routing_in_;
};

}  // namespace conclave
