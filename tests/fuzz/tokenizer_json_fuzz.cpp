#include "framework/base/error.h"
#include "framework/text/tokenizer.h"

// Any bytes are either refused with an Error or make a tokenizer that writes itself, reads itself back and
// encodes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const TokenizerLimits limits{.file_bytes = 1 << 16, .tokens = 4096, .merges = 4096, .token_bytes = 256};
  try {
    const auto tokenizer = Tokenizer::parse(bytes, "fuzz", limits);
    const auto again = Tokenizer::parse(tokenizer.to_json(), "fuzz", TokenizerLimits{});
    const auto text = bytes.substr(0, 500);
    if (again.encode(text) != tokenizer.encode(text)) __builtin_trap();
    tokenizer.decode(tokenizer.encode(text));
  } catch (const Error&) {
  }
  return 0;
}
