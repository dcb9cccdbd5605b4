/// Which stream a verb reads, from the words of a command line.
#pragma once

#include "apps/common/verb.h"
#include "apps/stream/generator_config.h"
#include "models/stream/io/text_source.h"

namespace conclave {

/// A file, stdin or a generator.
class SourceFlags {
 public:
  void declare(Options& options);
  /// Opens it; a generator never ends, so it needs `rows`.
  stream::SourcePtr open(int64_t rows);
  /// "elec.arff", "sea".
  std::string name() const;
  const std::string& file() const { return file_; }
  /// What was wrong with the rows of a file; null for a generator.
  const stream::ReadCounts* counts() const { return text_ ? &text_->counts() : nullptr; }

 private:
  std::string file_, generator_;
  stream::ReaderOptions reader_;
  GeneratorFlags flags_;
  stream::TextSource* text_ = nullptr;
};

}  // namespace conclave
