/// Which stream a verb reads, from the words of a command line.
#pragma once

#include "apps/stream/generator_config.h"
#include "models/stream/io/text_source.h"

namespace conclave {

/// A file, stdin or a generator.
class SourceFlags {
 public:
  void declare(Options& options);
  /// Whether the labels of a file are numbers to predict.
  void set_regression(bool on) { reader_.regression = on; }
  /// Opens it; a generator needs an end, `rows`.
  stream::SourcePtr open(int64_t rows) const;
  /// For SessionPlan.
  Json config() const;

 private:
  std::string file_, generator_;
  stream::ReaderOptions reader_;
  GeneratorFlags flags_;
};

}  // namespace conclave
