// The generators against rows that MOA wrote, and the ways to compose them.
#include <gtest/gtest.h>

#include <charconv>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/row_writer.h"
#include "testing/testing.h"

namespace conclave::stream {
namespace {

// The numbers of a text, separated by commas and line ends.
std::vector<double> numbers_of(const std::string& text) {
  std::vector<double> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc()) throw Error("no number at " + std::to_string(at - text.data()));
    numbers.push_back(value);
    at = next + 1;
  }
  return numbers;
}

std::vector<double> rows_of(const Json& config, size_t rows) {
  const auto source = make_generator(config);
  std::vector<double> numbers;
  RowBlock block;
  for (size_t done = 0; done < rows;) {
    source->read(block, std::min<size_t>(7, rows - done));
    for (size_t i = 0; i < block.size(); ++i, ++done) {
      numbers.insert(numbers.end(), block.row(i).begin(), block.row(i).end());
      numbers.push_back(block.y[i]);
    }
  }
  return numbers;
}

struct Golden {
  const char* file;
  const char* config;
};

class GoldenRows : public ::testing::TestWithParam<Golden> {};

TEST_P(GoldenRows, AreMoasBitForBit) {
  const std::string name = std::string("stream/golden/") + GetParam().file;
  CONCLAVE_NEED_DATA(name);
  const auto wanted = numbers_of(read_file(*conclave::testing::data_dir() / name));
  EXPECT_EQ(rows_of(parse_json(GetParam().config, "test"), 200), wanted);
}

INSTANTIATE_TEST_SUITE_P(
    Moa, GoldenRows,
    ::testing::Values(
        Golden{"sea_f1.csv", R"({"generator": "sea"})"},
        Golden{"led_d7.csv", R"({"generator": "led-drift", "drift_attributes": 7})"},
        Golden{"rbf_c5_s001.csv", R"({"generator": "rbf-drift", "classes": 5, "speed": 0.001})"},
        Golden{"agrawal_f1.csv", R"({"generator": "agrawal"})"},
        Golden{"agrawal_f7.csv", R"({"generator": "agrawal", "function": 7})"},
        Golden{"hyperplane_k10_t001.csv",
               R"({"generator": "hyperplane", "drift_attributes": 10, "magnitude": 0.001})"},
        Golden{"mixed_f1.csv", R"({"generator": "mixed"})"},
        Golden{"sine_f1.csv", R"({"generator": "sine"})"},
        Golden{"stagger_f2.csv", R"({"generator": "stagger", "function": 2})"},
        Golden{"cds_sea_w50_p100.csv",
               R"({"generator": "sea", "function": [1, 3], "positions": [100], "width": 50})"}));

// The first numbers of MOA's own output, kept here for where the golden rows are absent.
TEST(Generators, BeginAsMoasDo) {
  const auto sea = rows_of({{"generator", "sea"}}, 1);
  EXPECT_EQ(sea, (std::vector<double>{7.308781907032909, 4.100808114922017, 2.077148413097171, 1}));
}

TEST(Generators, ABlockOfAnySizeHoldsTheSameRows) {
  for (const auto& name : generator_names()) {
    const auto one = make_generator({{"generator", name}}), many = make_generator({{"generator", name}});
    RowBlock a, b;
    std::vector<double> rows;
    for (int i = 0; i < 50; ++i) {
      one->read(a, 1);
      rows.insert(rows.end(), a.x.begin(), a.x.end());
    }
    many->read(b, 50);
    EXPECT_EQ(rows, b.x) << name;
    ASSERT_EQ(b.width, many->schema().width()) << name;
    for (size_t i = 0; i < b.size(); ++i) {
      EXPECT_TRUE(many->schema().regression() || (b.label(i) >= 0 && b.label(i) < many->schema().classes()))
          << name;
      for (int j = 0; j < b.width; ++j) {
        const auto& input = many->schema().inputs[j];
        EXPECT_TRUE(!input.nominal || b.row(i)[j] < static_cast<double>(input.values.size())) << name;
      }
    }
  }
}

TEST(Generators, BalancedClassesTakeTurns) {
  for (const char* name : {"agrawal", "sine", "mixed", "stagger"}) {
    const auto source = make_generator({{"generator", name}, {"balance", true}});
    RowBlock block;
    source->read(block, 100);
    for (size_t i = 1; i < block.size(); ++i) EXPECT_NE(block.y[i], block.y[i - 1]) << name;
  }
}

TEST(Generators, RampsMeetTheirDefinitions) {
  EXPECT_DOUBLE_EQ(drift_probability(DriftRamp::moa, 100, 100, 50), 0.5);
  EXPECT_NEAR(drift_probability(DriftRamp::moa, 125, 100, 50), 1 / (1 + std::exp(-2.0)), 1e-15);
  EXPECT_NEAR(drift_probability(DriftRamp::capymoa, 75.0001, 100, 50), 0.01, 1e-6);
  EXPECT_EQ(drift_probability(DriftRamp::capymoa, 75, 100, 50), 0);
  EXPECT_EQ(drift_probability(DriftRamp::capymoa, 125, 100, 50), 1);
  EXPECT_DOUBLE_EQ(drift_probability(DriftRamp::linear, 80, 100, 50), 0.1);
  EXPECT_EQ(drift_probability(DriftRamp::linear, 99, 100, 0), 0);
  EXPECT_EQ(drift_probability(DriftRamp::linear, 100, 100, 0), 1);
}

TEST(Generators, SayWhatIsWrong) {
  const auto fails = [](const char* config, const char* part) {
    try {
      make_generator(parse_json(config, "test"));
      ADD_FAILURE() << config;
    } catch (const UsageError& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  fails(R"({"generator": "see"})", "'see'");
  fails(R"({"generator": "sea", "function": 5})", "1..4");
  fails(R"({"generator": "sea", "speed_": 5})", "speed_");
  fails(R"({"generator": "sea", "speed": 5})", "known: balance, function, generator");
  fails(R"({"generator": "rbf", "function": 1})", "function");
  fails(R"({"generator": "led-drift", "drift_attributes": 8})", "0..7");
  fails(R"({"generator": "sea", "function": [1, 2], "positions": [5, 9]})", "function");
  fails(R"({"generator": "sea", "positions": 5})", "positions");
  fails(R"({"concepts": [{"generator": "sea"}, {"generator": "led"}], "positions": [10]})", "same columns");
  fails(R"({"generator": "sea", "positions": [10], "ramp": "steep"})", "steep");
}

TEST(RowWriter, WritesArffWithNamesAndCsvWithNumbers) {
  Schema schema;
  schema.name = "my data";
  schema.inputs = {Attribute::numeric("a"), Attribute::named("it's", {"x", "y z"})};
  schema.label = Attribute::named("class", {"no", "yes"});
  RowBlock block;
  block.width = 2;
  double* row = block.add();
  row[0] = 0.1;
  row[1] = 1;
  block.y[0] = 1;
  row = block.add();
  row[0] = kMissing;
  row[1] = 0;
  std::string text = header_text(schema, TextFormat::arff);
  append_rows(schema, block, TextFormat::arff, text);
  EXPECT_EQ(text,
            "@relation 'my data'\n\n@attribute a numeric\n@attribute 'it\\'s' {x,'y z'}\n@attribute class "
            "{no,yes}\n"
            "\n@data\n0.1,'y z',yes\n?,x,?\n");
  text = header_text(schema, TextFormat::csv);
  append_rows(schema, block, TextFormat::csv, text);
  EXPECT_EQ(text, "a,it's,class\n0.1,1,1\n,0,\n");
}

}  // namespace
}  // namespace conclave::stream
