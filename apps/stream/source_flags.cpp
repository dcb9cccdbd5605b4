#include "apps/stream/source_flags.h"

#include <filesystem>

#include "framework/base/error.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/kafka_source.h"
#include "models/stream/io/kafka_url.h"

namespace conclave {

void SourceFlags::declare(Options& options) {
  options.positional(
      "stream", file_,
      "File (ARFF, CSV, libsvm, JSON lines; gzip too), - for stdin, or kafka://BROKER/TOPIC?group=NAME");
  options.add("generator", generator_, "Generate the rows instead").choices(stream::generator_names());
  options.add("format", reader_.format, "Format of the file")
      .choices({"auto", "arff", "csv", "libsvm", "jsonl"});
  options.add("label", reader_.label, "Column of the class, by name or number from 1; otherwise the last");
  options.add("strict", reader_.strict, "End at the first broken row instead of skipping it");
  options.add("header", reader_.header, "Whether the first row of a CSV file names the columns")
      .choices({"auto", "yes", "no"});
  options.add("most-values", reader_.most_values, "Words of a column; one with more is left out")
      .range(2, 1000000);
  options.add("guess-rows", reader_.guess_rows, "Rows to look at before the columns' types are fixed")
      .range(1, 1000000);
  flags_.declare(options, "stream-seed");
}

stream::SourcePtr SourceFlags::open(int64_t rows) const {
  const Json source = config();
  if (source.contains("generator")) {
    require<UsageError>(rows > 0, "--rows: a generator never ends by itself");
    return stream::make_generator(source["generator"]);
  }
  if (stream::is_kafka(file_)) return std::make_unique<stream::KafkaSource>(file_, reader_);
  return stream::open_text(file_, reader_);
}

Json SourceFlags::config() const {
  require<UsageError>(file_.empty() != generator_.empty(), "name one stream: a file, -, or --generator");
  if (!generator_.empty()) return {{"generator", flags_.config(generator_)}};
  const Json reader = {{"format", reader_.format},         {"label", reader_.label},
                       {"regression", reader_.regression}, {"strict", reader_.strict},
                       {"header", reader_.header},         {"most_values", reader_.most_values},
                       {"guess_rows", reader_.guess_rows}};
  const bool is_path = file_ != "-" && !stream::is_kafka(file_);
  const auto file = is_path ? std::filesystem::absolute(file_).string() : file_;
  return {{"file", file}, {"reader", reader}};
}

}  // namespace conclave
