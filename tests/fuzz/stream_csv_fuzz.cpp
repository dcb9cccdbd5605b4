// CSV whose columns are guessed, and CSV of columns that are known, as `predict` and Kafka read it.
#include "framework/base/error.h"
#include "tests/fuzz/stream_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave::stream;
  const std::string text(reinterpret_cast<const char*>(data), size);
  ReaderOptions options;
  options.format = "csv";
  options.guess_rows = 3;  // so that few rows already meet what was fixed
  const auto read = [&] {
    try {
      check_rows(*open_text(bytes_of(text), "fuzz", options));
    } catch (const conclave::Error&) {
    }
  };
  read();
  Schema known;
  known.inputs = {Attribute::numeric("a"), Attribute::named("b", {"x", "y"})};
  known.label = Attribute::named("class", {"u", "v"});
  options.known = std::make_shared<Schema>(known);
  read();
  options.format = "auto";
  read();
  return 0;
}
