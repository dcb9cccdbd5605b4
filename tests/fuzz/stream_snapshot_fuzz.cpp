// Whatever the bytes, a snapshot is refused with an Error or is a state that can be gone on from. The first
// byte chooses: the rest are the bytes of a state, or changes to a whole one (four bytes where, one byte
// what).
#include <cstring>

#include "framework/base/error.h"
#include "models/stream/eval/snapshot.h"
#include "models/stream/generators/concept_drift.h"

namespace conclave::stream {
namespace {

constexpr const char* kLearners[] = {"moe",
                                     "arf",
                                     "hoeffding-tree",
                                     "srp",
                                     "leveraging-bagging",
                                     "oaue",
                                     "oza-boost",
                                     "online-smooth-boost",
                                     "hoeffding-adaptive-tree",
                                     "efdt",
                                     "linear",
                                     "perceptron",
                                     "naive-bayes",
                                     "sgbt",
                                     "drift-moe"};
constexpr size_t kWays = std::size(kLearners) + 1;  // the last: the bytes alone, for every learner

const Schema& schema() {
  static const Schema kSchema = make_generator({{"generator", "sea"}})->schema();
  return kSchema;
}

LearnerPtr made(const char* name) {
  return make_learner({{"learner", name}}, {schema(), 1, 1});
}

// Of each learner after some rows.
const std::vector<std::string>& whole_states() {
  static const std::vector<std::string> kStates = [] {
    std::vector<std::string> states;
    for (const char* name : kLearners) {
      const auto source = make_generator({{"generator", "sea"}});
      const auto learner = made(name);
      RunOptions options;
      options.rows = 600;
      RunState state;
      run_prequential(*source, *learner, options, state);
      states.push_back(save_state(state, *learner));
    }
    return states;
  }();
  return kStates;
}

void go_on(std::string_view bytes, const char* name) {
  const auto learner = made(name);
  RunState state;
  try {
    load_state(bytes, "fuzz", state, *learner);
    const auto source = make_generator({{"generator", "sea"}, {"seed", 2}});
    RunOptions options;
    options.rows = state.rows < (int64_t{1} << 40) ? state.rows + 40 : 1;
    run_prequential(*source, *learner, options, state);
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace conclave::stream

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  using namespace conclave::stream;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    parse_snapshot(rest, "fuzz");
  } catch (const Error&) {
  }
  for (size_t l = 0; l < std::size(kLearners); ++l) {
    const size_t way = data[0] % kWays;
    if (way != l && way + 1 != kWays) continue;
    if (way + 1 == kWays) {
      go_on(rest, kLearners[l]);
      continue;
    }
    std::string state = whole_states()[l];
    for (size_t at = 0; at + 5 <= rest.size(); at += 5) {
      uint32_t place;
      std::memcpy(&place, rest.data() + at, 4);
      state[place % state.size()] = rest[at + 4];
    }
    go_on(state, kLearners[l]);
  }
  return 0;
}
