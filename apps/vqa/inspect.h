/// conclave-vqa inspect: what a model consists of, and which experts answered a question.
#pragma once

#include "apps/vqa/ask_options.h"
#include "apps/vqa/questions.h"

namespace conclave {

class InspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override { return "Which experts answered: by token, by patch, by modality"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  int describe_model(Invocation& call, const VqaModel& model) const;
  Site painted_site(const VqaModel& model) const;
  void tell(Invocation& call, const VqaModel& model, const VqaInput& asked, const VqaAnswer& answer) const;

  AskOptions ask_;
  QuestionOptions questions_;
  std::filesystem::path overlay_;
  int site_ = -1;
};

}  // namespace conclave
