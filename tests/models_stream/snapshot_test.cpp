#include "models/stream/eval/snapshot.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "models/stream/generators/generator.h"
#include "models/stream/tree/show_tree.h"
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

// Behind the hash, which would refuse them all: a state that was changed is refused, or can be shown and gone
// on from.
TEST_F(Snapshots, ChangedStatesAreRefusedOrGoneOnFrom) {
  for (const char* name : {"moe", "srp", "oaue", "hoeffding-adaptive-tree", "efdt"}) {
    const auto source = make_generator("agrawal", {});
    const LearnerContext context{source->schema(), 1, 1};
    const Json config = {{"learner", name}};
    const auto learner = make_learner(config, context);
    RunOptions options;
    options.rows = 3000;
    RunState state;
    run_prequential(*source, *learner, options, state);
    const std::string whole = save_state(state, *learner);
    RowBlock row;
    source->read(row, 1);
    int refused = 0;
    for (size_t at = 0; at < 300; ++at) {
      std::string changed = whole;
      changed[at < 150 ? at : (at - 150) * whole.size() / 150] ^= at % 2 ? 0x01 : 0xff;
      const auto again = make_learner(config, context);
      RunState loaded;
      try {
        load_state(changed, "changed", loaded, *again);
        std::vector<double> votes(static_cast<size_t>(again->classes()));
        again->votes(row.row(0).data(), votes.data());
        again->learn(row.row(0).data(), 1, 1);
        for (const auto& tree : again->trees()) tree_text(tree, context.schema);
      } catch (const DataError&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 20) << name;
  }
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

// With fewer rows than a leaf's bins are made from, so that nothing but their number tells the two apart.
TEST_F(Snapshots, LeavesKeepTheirNumberOfBins) {
  const auto source = make_generator("sea", {});
  const LearnerContext context{source->schema(), 1, 1};
  const auto learner = make_learner({{"learner", "sgbt"}, {"bins", 16}}, context),
             other = make_learner({{"learner", "sgbt"}, {"bins", 4096}}, context);
  RunOptions options;
  options.rows = 5;
  RunState state, loaded;
  run_prequential(*source, *learner, options, state);
  EXPECT_THROW(load_state(save_state(state, *learner), "a.snap", loaded, *other), DataError);
}

}  // namespace
}  // namespace conclave::stream
