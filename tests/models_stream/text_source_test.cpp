// The readers: what they take, and what they say about what they do not.
#include "models/stream/io/text_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/row_writer.h"
#include "testing/testing.h"

namespace conclave::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNan;

std::unique_ptr<TextSource> text(const std::string& bytes, const ReaderOptions& options = {}) {
  return open_text(bytes_of(bytes), "test", options);
}

ReaderOptions guessing(int rows) {
  ReaderOptions options;
  options.guess_rows = rows;
  return options;
}

ReaderOptions headed(const std::string& header) {
  ReaderOptions options;
  options.header = header;
  return options;
}

RowBlock all_of(Source& source) {
  RowBlock all, block;
  while (source.read(block, 3) > 0) {
    all.width = block.width;
    all.x.insert(all.x.end(), block.x.begin(), block.x.end());
    all.y.insert(all.y.end(), block.y.begin(), block.y.end());
  }
  return all;
}

std::string packed(const std::string& bytes) {
  z_stream z{};
  EXPECT_EQ(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&z, bytes.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

// The message of the error of type E that `body` ends with.
template <class E, class Body>
std::string error_of(const Body& body) {
  try {
    body();
  } catch (const E& e) {
    return e.what();
  }
  return "no error";
}

constexpr const char* kArff =
    "% a comment\r\n@RELATION 'two words'\r\n\r\n@attribute a REAL\r\n@attribute 'b c' {x, 'y z', "
    "\"it\\\"s\"}\r\n"
    "@attribute class {no,yes}\r\n@data\r\n1.5,x,no\r\n?,'y z',yes\r\n% between\r\n-2e3,\"it\\\"s\",?\r\n";

TEST(Arff, ReadsQuotesCommentsMissingValuesAndWindowsLines) {
  const auto source = text(kArff);
  EXPECT_EQ(source->schema().name, "two words");
  EXPECT_EQ(source->schema().inputs[1].name, "b c");
  EXPECT_THAT(source->schema().inputs[1].values, ElementsAre("x", "y z", "it\"s"));
  EXPECT_THAT(source->schema().label.values, ElementsAre("no", "yes"));
  const auto rows = all_of(*source);
  EXPECT_THAT(rows.x, ElementsAre(1.5, 0, IsNan(), 1, -2000, 2));
  EXPECT_EQ(rows.label(0), 0);
  EXPECT_EQ(rows.label(1), 1);
  EXPECT_EQ(rows.label(2), -1);
  EXPECT_EQ(source->counts().skipped, 0);
}

TEST(Arff, ReadsSparseRowsAndAnyLabelColumn) {
  ReaderOptions options;
  options.label = "kind";
  const auto source = text(
      "@relation r\n@attribute kind {a,b}\n@attribute n numeric\n@attribute m {p,q}\n@data\n{1 2.5}\n{0 b, 2 "
      "q}\n{}\n",
      options);
  const auto rows = all_of(*source);
  EXPECT_THAT(rows.x, ElementsAre(2.5, 0, 0, 1, 0, 0));
  EXPECT_THAT(rows.y, ElementsAre(0, 1, 0));
}

TEST(Arff, CountsWhatIsWrongAndGoesOn) {
  const auto source = text(
      "@relation r\n@attribute a numeric\n@attribute b {p,q}\n@attribute class "
      "{0,1}\n@data\n1,p,0\n1,p\n1,z,1\nw,p,1\n"
      "inf,q,1\n1,p,0,7\nnan,q,2\n1,'p,0\n{5 1}\n1,q");
  const auto rows = all_of(*source);
  EXPECT_THAT(rows.x, ElementsAre(1, 0, 1, IsNan(), IsNan(), 1, IsNan(), 1));
  EXPECT_THAT(rows.y, ElementsAre(0, 1, 1, 2));
  const auto& counts = source->counts();
  EXPECT_EQ(counts.rows, 4);
  EXPECT_EQ(counts.skipped, 6);  // the last one is cut off mid-row
  EXPECT_EQ(counts.unknown_values, 1);
  EXPECT_EQ(counts.not_finite, 2);
  EXPECT_EQ(counts.new_classes, 1);
  EXPECT_EQ(source->schema().classes(), 3);
  EXPECT_EQ(counts.first_problem, "line 7: 2 fields instead of 3");
}

TEST(Arff, StrictEndsAtTheFirstBrokenRow) {
  ReaderOptions options;
  options.strict = true;
  const auto source = text("@relation r\n@attribute a numeric\n@attribute c {0,1}\n@data\n1,0\n2\n", options);
  EXPECT_EQ(error_of<DataError>([&] { all_of(*source); }), "test: line 6: 1 fields instead of 2");
}

TEST(Arff, RefusesHeadersThatAreNone) {
  const auto refused = [](const std::string& bytes) { return error_of<DataError>([&] { text(bytes); }); };
  EXPECT_THAT(refused(""), HasSubstr("empty"));
  EXPECT_THAT(refused("@relation r\n@attribute a numeric\n"), HasSubstr("no @data"));
  EXPECT_THAT(refused("@relation r\n@attribute a string\n@attribute c {a}\n@data\n"), HasSubstr("line 2"));
  EXPECT_THAT(refused("@relation r\n@attribute a {x,x}\n@data\n"), HasSubstr("twice"));
  EXPECT_THAT(refused("@relation r\n@attribute a {x,y\n@data\n"), HasSubstr("closing brace"));
  EXPECT_THAT(refused("@relation r\n@attribute a {}\n@data\n"), HasSubstr("no values"));
  EXPECT_THAT(refused("@relation r\n@what\n@data\n"), HasSubstr("@what"));
  EXPECT_THAT(refused("@data\n1,2\n"), HasSubstr("at least one attribute"));
  EXPECT_THAT(error_of<UsageError>([] { text("@attribute a numeric\n@attribute c numeric\n@data\n"); }),
              HasSubstr("regression"));
}

TEST(Csv, GuessesHeaderTypesAndSeparator) {
  const auto source = text("size;colour;class\n1;red;b\n;blue;a\n2.5;NA;b\n");
  EXPECT_EQ(source->schema().inputs[0].name, "size");
  EXPECT_FALSE(source->schema().inputs[0].nominal);
  EXPECT_THAT(source->schema().inputs[1].values, ElementsAre("blue", "red"));
  EXPECT_THAT(source->schema().label.values, ElementsAre("a", "b"));
  EXPECT_THAT(all_of(*source).x, ElementsAre(1, 1, IsNan(), 0, 2.5, IsNan()));
}

TEST(Csv, NeedsNoHeaderAndSortsNumberedClasses) {
  const auto source = text("0.5,10\n0.25,9\n0.125,10\n");
  EXPECT_THAT(source->schema().label.values, ElementsAre("9", "10"));
  const auto rows = all_of(*source);
  EXPECT_THAT(rows.x, ElementsAre(0.5, 0.25, 0.125));
  EXPECT_THAT(rows.y, ElementsAre(1, 0, 1));
}

TEST(Csv, ReadsQuotedFieldsAndSpacesAsSeparators) {
  EXPECT_THAT(text("a,b,class\n\"x, \"\"y\"\"\",1,u\nz,2,v\n")->schema().inputs[0].values,
              ElementsAre("x, \"y\"", "z"));
  const auto spaced = text("0.1  0.2 1\n0.3 0.4  0  \n");
  const auto rows = all_of(*spaced);
  EXPECT_THAT(rows.x, ElementsAre(0.1, 0.2, 0.3, 0.4));
  EXPECT_THAT(rows.y, ElementsAre(1, 0));
}

TEST(Csv, FixesTypesAfterTheFirstRows) {
  ReaderOptions options;
  options.guess_rows = 2;
  const auto source = text("1,a,0\n2,b,1\nx,a,0\n3,c,0\n4,a,2\n", options);
  const auto rows = all_of(*source);
  EXPECT_THAT(rows.x, ElementsAre(1, 0, 2, 1, 3, IsNan(), 4, 0));
  EXPECT_EQ(source->counts().skipped, 1);
  EXPECT_EQ(source->counts().unknown_values, 1);
  EXPECT_EQ(source->counts().new_classes, 1);
  EXPECT_EQ(rows.label(3), 2);
  EXPECT_THAT(source->counts().first_problem, HasSubstr("line 3"));
}

TEST(Csv, TakesAClassThatComesLate) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += "1,0\n";
  bytes += "1,late\n";
  const auto source = text(bytes);
  const auto rows = all_of(*source);
  EXPECT_EQ(rows.label(rows.size() - 1), 1);
  EXPECT_THAT(source->schema().label.values, ElementsAre("0", "late"));
}

TEST(Csv, PredictsNumbersOnDemand) {
  ReaderOptions options;
  options.regression = true;
  options.label = "2";
  const auto source = text("1,0.5,3\n2,-1e2,4\n", options);
  EXPECT_TRUE(source->schema().regression());
  const auto rows = all_of(*source);
  EXPECT_THAT(rows.y, ElementsAre(0.5, -100));
  EXPECT_THAT(rows.x, ElementsAre(1, 3, 2, 4));
}

TEST(LibSvm, ReadsSparseRows) {
  const auto source = text("+1 1:0.5 3:2 # note\n-1 2:1\n+1 9:1 x\n");
  EXPECT_EQ(source->schema().width(), 9);
  EXPECT_THAT(source->schema().label.values, ElementsAre("-1", "+1"));
  const auto rows = all_of(*source);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows.row(0)[2], 2);
  EXPECT_EQ(rows.row(1)[1], 1);
  EXPECT_THAT(source->counts().first_problem, HasSubstr("line 3: 'x'"));
}

TEST(JsonLines, ReadsObjectsAndSkipsTheRest) {
  ReaderOptions options;
  options.label = "y";
  const auto source = text(
      "{\"a\": 1, \"b\": \"u\", \"y\": \"p\"}\n{\"b\": \"v\", \"y\": \"q\", \"a\": null}\n[1]\n{\"a\": \n"
      "{\"a\": [2], \"y\": \"p\"}\n{\"a\": 3}\n",
      options);
  const auto rows = all_of(*source);
  EXPECT_THAT(rows.x, ElementsAre(1, 0, IsNan(), 1, 3, IsNan()));
  EXPECT_EQ(rows.label(2), -1);
  EXPECT_EQ(source->counts().skipped, 3);
}

TEST(TextSource, ReadsRowsOfKnownColumnsWithAndWithoutAClass) {
  const auto learned = text("size,colour,class\n1,red,b\n2,blue,a\n")->schema();
  ReaderOptions options;
  options.known = std::make_shared<Schema>(learned);
  const auto rows_of = [&](const std::string& rows) {
    auto source = open_text(bytes_of(rows), "t", options);
    RowBlock block;
    source->read(block, 10);
    EXPECT_EQ(source->schema().label.values, learned.label.values);
    return block;
  };
  for (const char* rows :
       {"size,colour,class\n3,red,a\n4,green,b\n", "3,red,a\n4,green,b\n", "size,colour\n3,red\n4,green\n",
        "3,red\n4,green\n", "class,size,colour\na,3,red\nb,4,green\n"}) {
    options.label = rows[0] == 'c' ? "class" : "";
    const auto block = rows_of(rows);
    ASSERT_EQ(block.size(), 2u) << rows;
    EXPECT_EQ(block.row(0)[0], 3) << rows;
    EXPECT_EQ(block.row(0)[1], 1) << rows;             // red, as it was learned
    EXPECT_TRUE(std::isnan(block.row(1)[1])) << rows;  // green was not known
  }
  options.label = "";
  EXPECT_EQ(rows_of("3,red\n").label(0), -1);
  EXPECT_EQ(rows_of("3,red,a\n").label(0), 0);
  EXPECT_EQ(rows_of("{\"colour\": \"red\", \"size\": 5}\n").row(0)[0], 5);
  EXPECT_THROW(rows_of("colour,size\nred,3\n"), DataError);
  EXPECT_THROW(rows_of("1,2,3,4\n"), DataError);
  EXPECT_THROW(rows_of("+1 1:0.5 2:2\n"), DataError);  // libsvm has no names
  EXPECT_THROW(rows_of("@relation r\n@attribute size numeric\n@attribute class {a,b}\n@data\n"), DataError);
}

TEST(TextSource, UnpacksGzipAlsoInPartsAndTellsACut) {
  const std::string csv = "a,class\n1,x\n2,y\n", more = "3,x\n";
  EXPECT_THAT(all_of(*text(packed(csv))).x, ElementsAre(1, 2));
  EXPECT_THAT(all_of(*text(packed(csv) + packed(more))).x, ElementsAre(1, 2, 3));
  const std::string cut = packed(csv).substr(0, packed(csv).size() - 9);
  EXPECT_THAT(error_of<DataError>([&] { all_of(*text(cut)); }), HasSubstr("cut off"));
  std::string damaged = packed(csv);
  damaged[14] ^= 0x55;
  EXPECT_NE(error_of<DataError>([&] { all_of(*text(damaged)); }), "no error");
}

TEST(TextSource, RefusesTextThatIsNotOneOfItsOwn) {
  using namespace std::string_literals;
  EXPECT_THAT(error_of<DataError>([] { text("\xff\xfe1\0,\0a\0\n\0"s); }), HasSubstr("UTF-16"));
  EXPECT_THAT(error_of<DataError>([] { text("\0001\0,\0a\0\n"s); }), HasSubstr("UTF-16"));
  EXPECT_THAT(error_of<DataError>([] { text("a,class\r1,x\r2,y\r"); }), HasSubstr("CR alone"));
  EXPECT_EQ(all_of(*text("a,class\r\n1,x\r\n2,y\r\n")).size(), 2u);
}

TEST(TextSource, TakesALastRowOfANewClassAsCutOff) {
  const auto cut = text("a,class\n1,left\n2,right\n3,left\n4,rig", guessing(3));
  EXPECT_THAT(all_of(*cut).x, ElementsAre(1, 2, 3));
  EXPECT_EQ(cut->schema().classes(), 2);
  EXPECT_EQ(cut->counts().skipped, 1);
  EXPECT_THAT(cut->counts().first_problem, HasSubstr("line 5: no line end"));
  EXPECT_EQ(all_of(*text("a,class\n1,left\n2,right\n3,left\n4,right", guessing(3))).size(), 4u);
}

TEST(TextSource, ReadsWhatTheWriterWrites) {
  for (const char* name : {"agrawal", "led", "stagger", "rbf"}) {
    const auto generator = make_generator({{"generator", name}});
    RowBlock block;
    generator->read(block, 60);
    std::string bytes = header_text(generator->schema(), TextFormat::arff);
    append_rows(generator->schema(), block, TextFormat::arff, bytes);
    const auto rows = all_of(*text(bytes));
    EXPECT_EQ(rows.x, block.x) << name;
    EXPECT_EQ(rows.y, block.y) << name;
  }
}

TEST(TextSource, SaysWhichFileCannotBeRead) {
  EXPECT_THAT(error_of<DataError>([] { open_text("/nowhere/stream.arff"); }),
              HasSubstr("/nowhere/stream.arff"));
  EXPECT_THAT(error_of<UsageError>([] { text("a,b\n1,2\n", {.label = "c"}); }), HasSubstr("no column 'c'"));
}

TEST(TextSource, ReadsElectricity) {
  CONCLAVE_NEED_DATA("stream/elecNormNew.arff");
  const auto source = open_text(*conclave::testing::data_dir() / "stream/elecNormNew.arff");
  const auto rows = all_of(*source);
  EXPECT_EQ(rows.size(), 45312u);
  EXPECT_EQ(rows.width, 8);
  EXPECT_EQ(source->counts().skipped, 0);
  const auto csv = open_text(*conclave::testing::data_dir() / "stream/elec.csv");
  EXPECT_EQ(all_of(*csv).size(), 45312u);
  EXPECT_EQ(csv->schema().inputs[0].name, "period");
}

TEST(Readers, ForgetABrokenRow) {
  const auto csv = text("a,b,class\n1,2,x\n2,1,y\ninf,1,JUNK,9\n1,1,x\n", guessing(2));
  EXPECT_EQ(all_of(*csv).size(), 3u);
  EXPECT_THAT(csv->schema().label.values, ElementsAre("x", "y"));
  EXPECT_EQ(csv->counts().skipped, 1);
  EXPECT_EQ(csv->counts().new_classes, 0);
  EXPECT_EQ(csv->counts().not_finite, 0);
}

TEST(Readers, LeaveOutAColumnOfTooManyWords) {
  std::string csv = "user,x,class\n", arff = "@relation r\n@attribute user {";
  for (int i = 0; i < 600; ++i) {
    csv += fmt::format("user{},{},{}\n", i, i, i % 2 ? "a" : "b");
    arff += fmt::format("{}user{}", i ? "," : "", i);
  }
  arff += "}\n@attribute x real\n@attribute class {a,b}\n@data\nuser7,1,a\n";
  for (const std::string& bytes : {csv, arff}) {
    const auto source = text(bytes);
    EXPECT_TRUE(source->schema().inputs[0].left_out);
    EXPECT_TRUE(schema_from_json(to_json(source->schema())).inputs[0].left_out);
    const RowBlock rows = all_of(*source);
    EXPECT_THAT(rows.x[0], IsNan());
    EXPECT_FALSE(std::isnan(rows.x[1]));
    EXPECT_EQ(source->counts().skipped + source->counts().unknown_values, 0);
    // What learned without the column reads the same file.
    ReaderOptions known;
    known.known = std::make_shared<Schema>(source->schema());
    EXPECT_EQ(all_of(*text(bytes, known)).size(), rows.size());
  }
  ReaderOptions more;
  more.most_values = 600;
  EXPECT_EQ(text(csv, more)->schema().inputs[0].values.size(), 600u);
}

TEST(Readers, AreToldWhetherThereIsAHeader) {
  EXPECT_THAT(error_of<DataError>([] { text("x,x,y\n1,2,p\n3,4,q\n"); }), HasSubstr("column 'x' twice"));
  EXPECT_EQ(text("2001,2002,class\n1,2,p\n3,4,q\n", headed("yes"))->schema().inputs[0].name, "2001");
  const auto rows = text("red,big,p\nblue,small,q\n", headed("no"));
  EXPECT_EQ(all_of(*rows).size(), 2u);
  EXPECT_EQ(all_of(*text("a,a,p\nb,b,q\n")).size(), 2u);  // words all over: a row
}

}  // namespace
}  // namespace conclave::stream
