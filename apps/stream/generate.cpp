// conclave-stream generate: rows of a synthetic stream as text.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "apps/stream/generator_config.h"
#include "apps/stream/verbs.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/row_writer.h"

namespace conclave {
namespace {

constexpr int64_t kRowBlock = 1024;  // rows

class GenerateVerb : public Verb {
 public:
  std::string name() const override { return "generate"; }
  std::string summary() const override {
    return "Write rows of a synthetic stream, as MOA's generators draw them";
  }
  std::string examples() const override {
    return "  conclave-stream generate sea --function 4 --seed 7 -n 200\n"
           "  conclave-stream generate led-drift --drift-attributes 1,3,5,7 --positions 250000,500000,750000 "
           "-n 1000000\n"
           "  conclave-stream generate rbf-drift --classes 5 --speed 0.001 --format arff";
  }
  bool recorded() const override { return false; }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("generator", generator_, "What to draw").required().choices(stream::generator_names());
    options.add("rows", rows_, "Rows to write; 0 without end").letter('n').at_least(0);
    options.add("format", format_, "csv has numbers alone, arff the values' names too")
        .choices({"csv", "arff"});
    options.add("header", header_, "The columns' names first (csv)");
    flags_.declare(options, "seed");
  }
  int run(Invocation& call) override {
    const auto source = stream::make_generator(flags_.config(generator_));
    call.begin();
    const auto format = format_ == "arff" ? stream::TextFormat::arff : stream::TextFormat::csv;
    std::string text;
    if (header_ || format == stream::TextFormat::arff) text = header_text(source->schema(), format);
    stream::RowBlock block;
    for (int64_t left = rows_; rows_ == 0 || left > 0; left -= kRowBlock) {
      if (interrupted()) throw Interrupted();
      source->read(block, static_cast<size_t>(rows_ == 0 ? kRowBlock : std::min(left, kRowBlock)));
      append_rows(source->schema(), block, format, text);
      require(std::fwrite(text.data(), 1, text.size(), stdout) == text.size(), "stdout cannot be written");
      text.clear();
    }
    return 0;
  }

 private:
  std::string generator_, format_ = "csv";
  int64_t rows_ = 1000;
  bool header_ = false;
  GeneratorFlags flags_;
};

}  // namespace

std::unique_ptr<Verb> make_generate_verb() {
  return std::make_unique<GenerateVerb>();
}

}  // namespace conclave
