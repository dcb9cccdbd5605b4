// What every learner promises, and what the evaluation makes of it.
#include "models/stream/learners/learner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "framework/base/error.h"
#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/text_source.h"

namespace conclave::stream {
namespace {

class Learners : public ::testing::TestWithParam<std::string> {
 protected:
  static LearnerPtr make(const Schema& schema, int threads = 1) {
    return make_learner(config(), {schema, 5, threads});
  }
  // "name", or "name key=value ...".
  static Json config() {
    std::istringstream words(GetParam());
    std::string word;
    words >> word;
    Json config = {{"learner", word}};
    while (words >> word) {
      const size_t equals = word.find('=');
      const Json value = Json::parse(word.substr(equals + 1), nullptr, false);
      config[word.substr(0, equals)] = value.is_discarded() ? Json(word.substr(equals + 1)) : value;
    }
    return config;
  }
  static GeneratorPtr stream() {
    return make_generator(
        Json{{"generator", "agrawal"}, {"function", {1, 2}}, {"positions", {3000}}, {"width", 200}});
  }
  // All votes of a run over `rows` rows.
  static std::vector<double> votes_of(Source& source, Learner& learner, int64_t rows, size_t block) {
    std::vector<double> all;
    RunOptions options;
    options.rows = rows;
    options.block = block;
    RunState state;
    RunHooks hooks;
    hooks.on_votes = [&](const RowBlock& b, const double* votes) {
      all.insert(all.end(), votes, votes + b.size() * learner.classes());
    };
    run_prequential(source, learner, options, state, hooks);
    return all;
  }
};

TEST_P(Learners, BlocksAndThreadsChangeNothing) {
  const auto a = stream(), b = stream(), c = stream();
  const auto one = make(a->schema()), many = make(b->schema(), 3), apart = make(c->schema());
  const auto wanted = votes_of(*a, *one, 6000, 1);
  EXPECT_EQ(votes_of(*b, *many, 6000, 333), wanted);
  std::vector<double> x(9), votes(2);
  for (size_t i = 0; i < 6000; ++i) {
    const int label = static_cast<int>(c->next(x.data()));
    apart->votes(x.data(), votes.data());
    ASSERT_EQ(votes[0], wanted[2 * i]) << i;
    apart->learn(x.data(), label, 1);
  }
}

TEST_P(Learners, GoOnAfterLoading) {
  const auto source = stream();
  const auto learner = make(source->schema()), again = make(source->schema());
  votes_of(*source, *learner, 4000, 256);
  Archive save;
  learner->fields(save);
  Archive load(save.bytes(), "test");
  again->fields(load);
  EXPECT_TRUE(load.done());
  const auto rest = stream(), same = stream();
  EXPECT_EQ(votes_of(*rest, *learner, 4000, 256), votes_of(*same, *again, 4000, 256));
}

TEST_P(Learners, TakeAClassThatComesLate) {
  std::string bytes = "x,class\n";
  for (int i = 0; i < 3000; ++i) bytes += i % 2 ? "0.9,b\n" : "0.1,a\n";
  for (int i = 0; i < 3000; ++i) bytes += i % 3 == 0 ? "0.5,late\n" : i % 2 ? "0.9,b\n" : "0.1,a\n";
  const auto source = open_text(bytes_of(bytes), "test");
  const Schema first = source->schema();
  const auto learner = make(first), again = make(first);
  RunState state;
  run_prequential(*source, *learner, {}, state);
  EXPECT_EQ(learner->classes(), 3);
  std::vector<double> votes(3);
  const double middle = 0.5;
  learner->votes(&middle, votes.data());
  // The state brings the class along.
  Archive save;
  learner->fields(save);
  Archive load(save.bytes(), "test");
  again->fields(load);
  ASSERT_EQ(again->classes(), 3);
  std::vector<double> same(3);
  again->votes(&middle, same.data());
  EXPECT_EQ(same, votes);
  EXPECT_TRUE(GetParam() == "majority" || GetParam() == "no-change" || votes[2] > 0.5) << votes[2];
}

// Eight classes, each some hundred rows after the one before, so that blocks hold first rows in their middle.
std::string rows_of_late_classes() {
  Random random(7);
  std::string bytes = "x,z,class\n";
  for (int i = 0; i < 3000; ++i) {
    const auto kind = random.below(static_cast<uint64_t>(1 + i / 400));
    bytes += fmt::format("{:.3f},{:.3f},c{}\n", static_cast<double>(kind) + random.normal(),
                         random.normal() - static_cast<double>(kind), kind);
  }
  return bytes;
}

TEST_P(Learners, BlocksForetellNoClass) {
  const std::string bytes = rows_of_late_classes();
  ReaderOptions reader;
  reader.guess_rows = 5;
  for (const int64_t delay : {0, 7}) {
    std::vector<int> said[2];
    for (const size_t block : {size_t{1}, size_t{256}}) {
      const auto source = open_text(bytes_of(bytes), "test", reader);
      const auto learner = make(source->schema());
      std::vector<bool> came(8, false);
      came[0] = true;  // said before anything is known
      RunOptions options;
      options.block = block;
      options.delay = delay;
      RunState state;
      RunHooks hooks;
      hooks.on_votes = [&](const RowBlock& b, const double* votes) {
        const int classes = learner->classes();
        for (size_t i = 0; i < b.size(); ++i) {
          const double* const of_row = votes + i * classes;
          said[block > 1].push_back(static_cast<int>(std::max_element(of_row, of_row + classes) - of_row));
          EXPECT_TRUE(came[said[block > 1].back()] || said[block > 1].back() < 2) << state.rows << " " << i;
          came[b.label(i)] = true;
        }
      };
      run_prequential(*source, *learner, options, state, hooks);
      EXPECT_EQ(learner->classes(), 8);
    }
    EXPECT_EQ(said[0], said[1]);
  }
}

TEST_P(Learners, SurviveMissingValuesAndUnlabelledRows) {
  Schema schema;
  schema.inputs = {Attribute::numeric("a"), Attribute::counted("b", 3)};
  schema.label = Attribute::counted("class", 2);
  const auto learner = make(schema);
  RowBlock block;
  block.width = 2;
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    double* x = block.add();
    x[0] = random.chance(0.2) ? kMissing : random.chance(0.01) ? 1e300 : random.normal();
    x[1] = random.chance(0.2) ? kMissing : static_cast<double>(random.below(3));
    block.y.back() = random.chance(0.2) ? kMissing : static_cast<double>(random.below(2));
  }
  std::vector<double> votes(block.size() * 2);
  learner->test_then_train(block, votes.data());
  for (size_t i = 0; i < block.size(); ++i) {
    const double sum = votes[2 * i] + votes[2 * i + 1];
    EXPECT_TRUE(sum == 0 || std::fabs(sum - 1) < 1e-9) << i << " " << sum;
  }
}

std::vector<std::string> all_learners() {
  auto list = learner_names();
  std::erase_if(list, [](const std::string& name) { return only_regresses(name); });
  for (const char* more :
       {"drift-moe variant=task", "drift-moe repaired=true", "drift-moe variant=task repaired=true"})
    list.emplace_back(more);
  return list;
}

INSTANTIATE_TEST_SUITE_P(All, Learners, ::testing::ValuesIn(all_learners()), [](const auto& one) {
  std::string name = one.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

double accuracy_of(const char* learner, const Json& stream, int64_t rows) {
  const auto source = make_generator(stream);
  const auto made = make_learner({{"learner", learner}}, {source->schema(), 1, 1});
  RunOptions options;
  options.rows = rows;
  RunState state;
  run_prequential(*source, *made, options, state);
  return state.evaluation.cumulative().accuracy;
}

TEST(Ensembles, ComeBackAfterADriftThatATreeDoesNotMeet) {
  const Json stream = {{"generator", "stagger"}, {"function", {1, 2, 3}}, {"positions", {8000, 16000}}};
  const double tree = accuracy_of("hoeffding-tree", stream, 24000);
  for (const char* name : {"arf", "leveraging-bagging"})
    EXPECT_GT(accuracy_of(name, stream, 24000), tree + 0.02) << name;
}

TEST(MakeLearner, BoundsEverySetting) {
  const Schema schema = make_generator({{"generator", "sea"}})->schema();
  const auto refuses = [&](const char* learner, const char* key, const Json& value) {
    EXPECT_THROW(make_learner({{"learner", learner}, {key, value}}, {schema, 1, 1}), UsageError)
        << learner << " " << key << " " << value;
  };
  const int64_t wraps = (int64_t{1} << 32) + 2;  // 2 in 32 bits
  for (const auto& [learner, key] : {std::pair{"moe", "trees"},
                                     {"moe", "hidden"},
                                     {"moe", "window"},
                                     {"arf", "members"},
                                     {"drift-moe", "top_k"},
                                     {"oaue", "members"},
                                     {"oza-boost", "members"},
                                     {"online-smooth-boost", "members"},
                                     {"sgbt", "boosting_iterations"},
                                     {"hoeffding-tree", "split_points"}})
    refuses(learner, key, wraps);
  for (const auto& [learner, key] : {std::pair{"moe", "drift_delta"},
                                     {"moe", "lambda"},
                                     {"moe", "floor"},
                                     {"moe", "neural_rate"},
                                     {"moe", "split_confidence"},
                                     {"arf", "patch"},
                                     {"arf", "warning_delta"},
                                     {"hoeffding-tree", "tie_threshold"},
                                     {"perceptron", "learning_ratio"},
                                     {"drift-moe", "rate"}}) {
    refuses(learner, key, -1);
    refuses(learner, key, 1e300);
  }
}

TEST(MakeLearner, SaysWhatIsWrong) {
  Schema schema;
  schema.inputs = {Attribute::numeric("a")};
  schema.label = Attribute::counted("class", 2);
  const LearnerContext context{schema, 0, 1};
  EXPECT_THROW(make_learner({{"learner", "afr"}}, context), UsageError);
  EXPECT_THROW(make_learner({{"learner", "arf"}, {"trees", 10}}, context), UsageError);
  EXPECT_THROW(make_learner({{"learner", "arf"}, {"members", 0}}, context), UsageError);
  EXPECT_THROW(make_learner({{"learner", "arf"}, {"lambda", -1}}, context), UsageError);
  EXPECT_THROW(make_learner({{"learner", "hoeffding-tree"}, {"split_confidence", 1.5}}, context), UsageError);
}

TEST(Prequential, FollowsTheDefinitions) {
  Prequential p(3);
  // label, predicted: majority so far and the label before are worked out by hand.
  const int rows[][2] = {{0, 0}, {1, 0}, {1, 1}, {1, 1}, {0, 1}};
  for (const auto& row : rows) p.add(row[0], row[1], 2);
  const auto s = p.cumulative();
  EXPECT_DOUBLE_EQ(s.accuracy, 3.0 / 5);
  const double chance = 2.0 / 5 * 2 / 5 + 3.0 / 5 * 3 / 5;
  EXPECT_DOUBLE_EQ(s.kappa, (0.6 - chance) / (1 - chance));
  // before: 0 (initially), 0, 1, 1, 1 -> right 3 of 5.
  EXPECT_DOUBLE_EQ(s.kappa_t, 0);
  // most frequent, the row included: 0, 0, 1, 1, 1 -> right 3 of 5.
  EXPECT_DOUBLE_EQ(s.kappa_m, 0);
  EXPECT_DOUBLE_EQ(s.recall[0], 0.5);
  EXPECT_DOUBLE_EQ(s.g_mean, std::sqrt(0.5 * 2.0 / 3));
  EXPECT_DOUBLE_EQ(p.windowed().accuracy, 2.0 / 3);
}

TEST(RunPrequential, DelaysLabels) {
  const auto source = make_generator(Json{{"generator", "stagger"}});
  const auto learner = make_learner({{"learner", "hoeffding-tree"}}, {source->schema(), 1, 1});
  RunOptions options;
  options.rows = 500;
  options.delay = 500;
  RunState state;
  std::vector<double> seen;
  RunHooks hooks;
  hooks.on_votes = [&](const RowBlock& b, const double* votes) {
    seen.insert(seen.end(), votes, votes + 2 * b.size());
  };
  run_prequential(*source, *learner, options, state, hooks);
  for (const double vote : seen) ASSERT_EQ(vote, 0);  // nothing is learned yet
  options.rows = 2000;
  run_prequential(*source, *learner, options, state, hooks);
  EXPECT_GT(seen.back() + seen[seen.size() - 2], 0.99);
}

}  // namespace
}  // namespace conclave::stream
