#include "framework/base/error.h"
#include "framework/text/sentencepiece.h"

// Any bytes are either refused with an Error or make a tokenizer that encodes and decodes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const TokenizerLimits limits{.file_bytes = 1 << 16, .tokens = 4096, .merges = 4096, .token_bytes = 256};
  try {
    const auto tokenizer = parse_sentencepiece(bytes, "fuzz", {}, limits);
    tokenizer.decode(tokenizer.encode(bytes.substr(0, 500)));
  } catch (const Error&) {
  }
  return 0;
}
