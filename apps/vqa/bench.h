/// conclave-vqa bench: how quickly questions are answered, and with how much memory.
#pragma once

#include "apps/vqa/ask_options.h"

namespace conclave {

class BenchVerb : public Verb {
 public:
  std::string name() const override { return "bench"; }
  std::string summary() const override {
    return "Measure answers per second, the time to the first answer, and memory";
  }
  std::string examples() const override;
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  void start_up(Invocation& call, const VqaQuery& query, int threads) const;
  void questions(Invocation& call, const VqaModel& model, const std::vector<VqaQuery>& queries,
                 int threads) const;

  AskOptions ask_;
  std::filesystem::path input_;
  double seconds_ = 2;
  int64_t starts_ = 5;
};

}  // namespace conclave
