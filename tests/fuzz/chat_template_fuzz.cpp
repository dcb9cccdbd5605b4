#include "framework/base/error.h"
#include "framework/text/chat_template.h"

// Any bytes are either refused with an Error or print something, within the limits.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static const Json variables = Json::parse(
      R"({"messages": [{"role": "user", "content": "a é"}, {"role": "assistant", "content": [{"type": "image"}]}],
          "add_generation_prompt": true, "bos_token": "<s>", "tools": null, "n": 3, "x": 2.5})");
  try {
    ChatTemplate(bytes, "fuzz", {.source_bytes = 1 << 14, .steps = 20'000, .output_bytes = 1 << 20})
        .render(variables, 0);
  } catch (const Error&) {
  }
  return 0;
}
