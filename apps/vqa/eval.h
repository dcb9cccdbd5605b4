/// conclave-vqa eval: a model's score on a data set, with what can be had without looking beside it.
#pragma once

#include "apps/vqa/ask_options.h"
#include "datasets/vqa_sample.h"

namespace conclave {

class EvalVerb : public Verb {
 public:
  EvalVerb() { ask_.engine.top_k = 1; }
  std::string name() const override { return "eval"; }
  std::string summary() const override { return "Score a model on a data set, beside its baselines"; }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;
  int dry_run(Invocation& call) override;

 private:
  AskOptions ask_;
  std::string dataset_, split_;
  std::filesystem::path data_, predictions_;
  std::vector<std::string> exports_;
  int64_t limit_ = 0;
  bool blank_ = false, no_pictures_ = false, vote_ = false;
};

/// DIR/<name> where there is such a folder, else DIR.
std::filesystem::path set_folder(const std::filesystem::path& dir, const std::string& name);

/// The split of a set in `dir` or in its folder there. Throws Error that says where it was looked for.
VqaSet load_set(const std::string& name, const std::filesystem::path& dir, const std::string& split);

/// "nlvr=FILE" -> {"nlvr", FILE}. Throws UsageError.
std::pair<std::string, std::filesystem::path> parse_export(const std::string& text);

}  // namespace conclave
