#include "apps/stream/source_flags.h"

#include <filesystem>

#include "framework/base/error.h"
#include "models/stream/generators/concept_drift.h"

namespace conclave {

void SourceFlags::declare(Options& options) {
  options.positional("stream", file_, "File (ARFF, CSV, libsvm, JSON lines; gzip too), or - for stdin");
  options.add("generator", generator_, "Generate the rows instead").choices(stream::generator_names());
  options.add("format", reader_.format, "Format of the file")
      .choices({"auto", "arff", "csv", "libsvm", "jsonl"});
  options.add("label", reader_.label, "Column of the class, by name or number from 1; otherwise the last");
  options.add("strict", reader_.strict, "End at the first broken row instead of skipping it");
  options.add("guess-rows", reader_.guess_rows, "Rows to look at before the columns' types are fixed")
      .range(1, 1000000);
  flags_.declare(options, "stream-seed");
}

Json SourceFlags::config() const {
  require<UsageError>(file_.empty() != generator_.empty(), "name one stream: a file, -, or --generator");
  if (!generator_.empty()) return {{"generator", flags_.config(generator_)}};
  const Json reader = {{"format", reader_.format},
                       {"label", reader_.label},
                       {"strict", reader_.strict},
                       {"guess_rows", reader_.guess_rows}};
  const auto file = file_ == "-" ? file_ : std::filesystem::absolute(file_).string();
  return {{"file", file}, {"reader", reader}};
}

}  // namespace conclave
