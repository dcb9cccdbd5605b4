// Whatever the bytes, a snapshot is refused with an Error or is a state that can be gone on from.
#include "framework/base/error.h"
#include "models/stream/eval/snapshot.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  using namespace conclave::stream;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    parse_snapshot(bytes, "fuzz");
  } catch (const Error&) {
  }
  Schema schema;
  schema.inputs = {Attribute::numeric("a"), Attribute::counted("b", 3)};
  schema.label = Attribute::counted("class", 3);
  for (const char* name : {"moe", "arf", "hoeffding-tree"}) {
    const auto learner = make_learner({{"learner", name}}, {schema, 1, 1});
    RunState state;
    try {
      load_state(bytes, "fuzz", state, *learner);
      const double x[] = {0.5, 1};
      std::vector<double> votes(static_cast<size_t>(learner->classes()));
      learner->votes(x, votes.data());
      learner->learn(x, 1, 1);
    } catch (const Error&) {
    }
  }
  return 0;
}
