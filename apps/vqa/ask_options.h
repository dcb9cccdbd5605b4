/// What run and eval have in common: which model, and how it is asked.
#pragma once

#include <filesystem>

#include "apps/common/verb.h"
#include "models/vlm/vqa_engine.h"

namespace conclave {

struct AskOptions {
  std::filesystem::path model;  ///< empty: the shipped one
  VqaOptions engine;
  std::vector<std::string> masked;  ///< "SITE:EXPERT": experts that may not be chosen

  void declare(Options& options);
  /// Loads the model onto the device that was asked for. Throws UsageError, DataError.
  VqaModel load(const Invocation& call) const;
  /// How the model is asked, masked experts included. Throws UsageError for an expert that it has not.
  VqaOptions engine_of(const VqaModel& model) const;
  /// Begins the run in the history and notes there which model it is.
  void begin(Invocation& call) const;

 private:
  std::filesystem::path folder() const;
};

}  // namespace conclave
