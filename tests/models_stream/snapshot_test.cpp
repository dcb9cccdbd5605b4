#include "models/stream/eval/snapshot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "models/stream/generators/generator.h"
#include "testing/testing.h"

namespace conclave::stream {
namespace {

class Snapshots : public ::testing::Test {
 protected:
  Snapshots()
      : source_(make_generator("sea", {})),
        learner_(make_learner({{"learner", "arf"}}, {source_->schema(), 1, 1})) {
    RunOptions options;
    options.rows = 3000;
    run_prequential(*source_, *learner_, options, state_);
    write_snapshot(dir_ / "a.snap", {{{"rows", 3000}}, save_state(state_, *learner_)});
    bytes_ = read_file(dir_ / "a.snap");
  }
  conclave::testing::TempDir dir_;
  GeneratorPtr source_;
  LearnerPtr learner_;
  RunState state_;
  std::string bytes_;
};

TEST_F(Snapshots, ComeBackAsTheyWere) {
  const auto snapshot = read_snapshot(dir_ / "a.snap");
  EXPECT_EQ(snapshot.about, (Json{{"rows", 3000}}));
  const auto again = make_learner({{"learner", "arf"}}, {source_->schema(), 1, 1});
  RunState state;
  load_state(snapshot.state, "a.snap", state, *again);
  EXPECT_EQ(state.rows, 3000);
  EXPECT_EQ(state.evaluation.cumulative().accuracy, state_.evaluation.cumulative().accuracy);
  EXPECT_EQ(save_state(state, *again), snapshot.state);
}

TEST_F(Snapshots, TellAFlippedByteACutAndAnotherVersion) {
  for (size_t at = 0; at < bytes_.size(); at += 1 + bytes_.size() / 199) {
    std::string flipped = bytes_;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_THROW(parse_snapshot(flipped, "flipped"), DataError) << at;
    EXPECT_THROW(parse_snapshot(std::string_view(bytes_).substr(0, at), "cut"), DataError) << at;
  }
  std::string other = bytes_;
  other.replace(other.find(fmt::format(" {} ", kSnapshotVersion)), 3, " 1 ");
  try {
    parse_snapshot(other, "other");
    ADD_FAILURE();
  } catch (const DataError& e) {
    EXPECT_NE(std::string(e.what()).find("version 1"), std::string::npos) << e.what();
  }
}

// Behind the hash, which would refuse them all: a state that was changed is refused or can be gone on from.
TEST_F(Snapshots, ChangedStatesAreRefusedOrGoneOnFrom) {
  const Schema& schema = source_->schema();
  const auto learner = make_learner({{"learner", "moe"}}, {schema, 1, 1});
  RunOptions options;
  options.rows = 500;
  RunState state;
  run_prequential(*source_, *learner, options, state);
  const std::string whole = save_state(state, *learner);
  int refused = 0;
  for (size_t at = 0; at < 600; ++at) {
    std::string changed = whole;
    changed[at < 300 ? at : (at - 300) * whole.size() / 300] ^= at % 2 ? 0x01 : 0xff;
    const auto again = make_learner({{"learner", "moe"}}, {schema, 1, 1});
    RunState loaded;
    try {
      load_state(changed, "changed", loaded, *again);
      std::vector<double> votes(static_cast<size_t>(again->classes()));
      const double x[] = {1, 2, 3};
      again->votes(x, votes.data());
      again->learn(x, 1, 1);
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 20);
}

TEST_F(Snapshots, DoNotFitAnotherLearner) {
  const auto snapshot = read_snapshot(dir_ / "a.snap");
  for (const Json& config : {Json{{"learner", "moe"}}, Json{{"learner", "arf"}, {"members", 7}},
                             Json{{"learner", "naive-bayes"}}}) {
    const auto other = make_learner(config, {source_->schema(), 1, 1});
    RunState state;
    EXPECT_THROW(load_state(snapshot.state, "a.snap", state, *other), DataError) << config;
  }
}

}  // namespace
}  // namespace conclave::stream
