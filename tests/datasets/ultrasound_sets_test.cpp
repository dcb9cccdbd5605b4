#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "datasets/bus_bra.h"
#include "datasets/csv_table.h"
#include "datasets/hc18.h"
#include "datasets/labelled_pictures.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHead = "ID,Case,Histology,Pathology,BIRADS,Device,Width,Height,Side,BBOX\n";
constexpr const char* kRow = "bus_0001-l,1,cyst,benign,2,GE,10,10,left,\"[1,2,3,4]\"\n";
constexpr const char* kLists = "ID,Pathology,kFold\nbus_0001-l,benign,1\nbus_0002-s,malignant,2\n";

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const DataError& e) {
    return e.what();
  }
  return "no DataError";
}

TEST(Csv, QuotesAndLineEnds) {
  const CsvTable table("a,b\r\n\"x, \"\"y\"\"\",2.5\n\n\"two\nlines\",3\n", "t");
  ASSERT_EQ(table.rows(), 2U);
  EXPECT_EQ(table.at(0, "a"), "x, \"y\"");
  EXPECT_EQ(table.at(1, "a"), "two\nlines");
  EXPECT_EQ(table.number(0, "b"), 2.5);
}

TEST(Csv, BadFilesNameTheLine) {
  EXPECT_THAT(message([] { CsvTable("", "t"); }), HasSubstr("no header"));
  EXPECT_THAT(message([] { CsvTable("a,b\n1\n", "t"); }), HasSubstr("line 2: has 1 fields, the header 2"));
  EXPECT_THAT(message([] { CsvTable("a\n\"x", "t"); }), HasSubstr("not closed"));
  EXPECT_THAT(message([] { CsvTable("a,a\n", "t"); }), HasSubstr("two columns"));
  const CsvTable table("a\nnan\n1x\n", "t");
  EXPECT_THAT(message([&] { table.number(0, "a"); }), HasSubstr("line 2: a 'nan' is not a number"));
  EXPECT_THAT(message([&] { table.number(1, "a"); }), HasSubstr("line 3"));
  EXPECT_THAT(message([&] { table.at(0, "b"); }), HasSubstr("no column 'b'"));
}

struct BusBra : ::testing::Test {
  testing::TempDir dir;
  void write(const std::string& rows, const std::string& lists = kLists) {
    write_file(dir / "bus_data.csv", kHead + rows);
    write_file(dir / "5-fold-cv.csv", lists);
  }
};

TEST_F(BusBra, ReadsLabelsAndFolds) {
  write(std::string(kRow) + "bus_0002-s,2,lymphoma,malignant,5,GE,10,10,single,\"[1,2,3,4]\"\n");
  const auto set = load_bus_bra(dir.path(), 1);
  ASSERT_EQ(set.samples.size(), 2U);
  EXPECT_EQ(set.samples[0].part, Part::test);
  EXPECT_NE(set.samples[1].part, Part::test);
  EXPECT_EQ(set.samples[0].fields.at("birads"), "2");
  EXPECT_EQ(set.samples[0].masks.at(0).filename(), "mask_0001-l.png");
  EXPECT_EQ(set.samples[1].fields.at("histology"), "other malignant");
  EXPECT_EQ(load_bus_bra(dir.path(), 2).samples[1].part, Part::test);
}

TEST_F(BusBra, BadListsAreNamed) {
  EXPECT_THROW(load_bus_bra(dir.path(), 6), UsageError);
  EXPECT_THROW(load_bus_bra(dir.path(), 1), DataError);  // no files
  const auto load = [&] { load_bus_bra(dir.path(), 1); };
  write("../../etc,1,cyst,benign,2,GE,10,10,left,x\n");
  EXPECT_THAT(message(load), HasSubstr("ID '../../etc'"));
  write("bus_0001-l,1,cyst,maybe,2,GE,10,10,left,x\n");
  EXPECT_THAT(message(load), HasSubstr("line 2: Pathology 'maybe' is unknown"));
  write("bus_0009-l,1,cyst,benign,2,GE,10,10,left,x\n");
  EXPECT_THAT(message(load), HasSubstr("does not name the fold of bus_0009-l"));
  write(kRow, "ID,kFold\nbus_0001-l,7\n");
  EXPECT_THAT(message(load), HasSubstr("kFold 7"));
  write(std::string(kRow) + "bus_0002-s,1,lymphoma,malignant,5,GE,10,10,single,x\n");
  EXPECT_THAT(message(load), HasSubstr("case 1 is in two folds"));
}

TEST(BusBraData, NoPatientIsInTwoParts) {
  CONCLAVE_NEED_DATA("ultrasound/bus-bra/bus_data.csv");
  std::map<std::string, int> tested;
  for (int fold = 1; fold <= 5; ++fold) {
    const auto set = load_bus_bra(*testing::data_dir() / "ultrasound/bus-bra", fold);
    ASSERT_EQ(set.samples.size(), 1875U);
    std::map<std::string, std::set<Part>> parts;
    std::map<Part, int> count;
    for (const auto& sample : set.samples) {
      parts[sample.patient].insert(sample.part);
      ++count[sample.part];
      if (sample.part == Part::test) ++tested[sample.id];
    }
    for (const auto& [patient, where] : parts) EXPECT_EQ(where.size(), 1U) << patient;
    EXPECT_GT(count[Part::validation], 120);
    EXPECT_GT(count[Part::train], 1200);
  }
  EXPECT_EQ(tested.size(), 1875U);  // every picture is tested once
  for (const auto& [id, times] : tested) EXPECT_EQ(times, 1) << id;
}

TEST(Hc18, BadListsAreNamed) {
  testing::TempDir dir;
  const auto load = [&] { load_hc18(dir.path()); };
  const std::string head = "filename,pixel size(mm),head circumference (mm)\n";
  const auto file = dir / "training_set_pixel_size_and_HC.csv";
  write_file(file, head + "../x_HC.png,0.1,100\n");
  EXPECT_THAT(message(load), HasSubstr("is not NNN_HC.png"));
  write_file(file, head + "001_HC.png,0.1,100\n");
  EXPECT_THAT(message(load), HasSubstr("001_HC.jpg"));  // the picture is missing
}

TEST(Hc18Data, ScalesThePixelSizeAndKeepsSubjectsTogether) {
  CONCLAVE_NEED_DATA("ultrasound/hc18/training_set_pixel_size_and_HC.csv");
  const auto set = load_hc18(*testing::data_dir() / "ultrasound/hc18");
  ASSERT_EQ(set.samples.size(), 999U);
  EXPECT_NEAR(*set.samples[0].pixel_mm, 2 * 0.0691358041432, 1e-12);
  std::map<std::string, std::set<Part>> parts;
  std::map<Part, int> count;
  for (const auto& sample : set.samples) parts[sample.patient].insert(sample.part), ++count[sample.part];
  EXPECT_EQ(parts.size(), 806U);
  for (const auto& [subject, where] : parts) EXPECT_EQ(where.size(), 1U) << subject;
  EXPECT_GT(count[Part::test], 180);
}

TEST(LabelledPictures, ReadsWhatIsThere) {
  testing::TempDir dir;
  write_file(dir / "labels.csv",
             "file,pathology,birads,part,pixel_mm\na.png,benign,3,,\nb/c.png,,4,train,0.1\n");
  const auto set = load_labelled_pictures(dir.path(), "breast");
  ASSERT_EQ(set.samples.size(), 2U);
  EXPECT_EQ(set.samples[0].part, Part::test);
  EXPECT_EQ(set.samples[0].fields.at("pathology"), "benign");
  EXPECT_FALSE(set.samples[0].pixel_mm);
  EXPECT_EQ(set.samples[1].picture, dir / "b/c.png");
  EXPECT_FALSE(set.samples[1].fields.contains("pathology"));
  EXPECT_EQ(set.samples[1].pixel_mm, 0.1);
  write_file(dir / "labels.csv", "file,mask\na.png,r1/a.png|r2/a.png\nb.png,\n");
  const auto rated = load_labelled_pictures(dir.path(), "breast");
  EXPECT_EQ(rated.samples[0].masks, (std::vector<std::filesystem::path>{dir / "r1/a.png", dir / "r2/a.png"}));
  EXPECT_TRUE(rated.samples[1].masks.empty());
  write_file(dir / "labels.csv",
             "file,pathology,birads\na.png,benign|malignant|benign,4\nb.png,benign|malignant,\n");
  const auto voted = load_labelled_pictures(dir.path(), "breast");
  EXPECT_EQ(voted.samples[0].fields.at("pathology"), "benign");
  EXPECT_EQ(voted.samples[0].votes.at("pathology"),
            (std::map<std::string, int64_t>{{"benign", 2}, {"malignant", 1}}));
  EXPECT_FALSE(voted.samples[0].votes.contains("birads"));
  EXPECT_FALSE(voted.samples[1].fields.contains("pathology"));  // as many for one as for the other
  EXPECT_EQ(voted.samples[1].votes.at("pathology").size(), 2u);
}

TEST(LabelledPictures, BadListsAreNamed) {
  testing::TempDir dir;
  const auto load = [&](const std::string& text) {
    write_file(dir / "labels.csv", text);
    return message([&] { load_labelled_pictures(dir.path(), "breast"); });
  };
  EXPECT_THAT(load("name\nx\n"), HasSubstr("no column 'file'"));
  EXPECT_THAT(load("file,mask\na.png,../m.png\n"), HasSubstr("line 2: mask '../m.png' lies outside"));
  EXPECT_THAT(load("file,mask\na.png,m.png|/m.png\n"), HasSubstr("mask '/m.png' lies outside"));
  EXPECT_THAT(load("file\n/etc/passwd\n"), HasSubstr("lies outside"));
  EXPECT_THAT(load("file,part\na.png,dev\n"), HasSubstr("part 'dev'"));
  EXPECT_THAT(load("file,pixel_mm\na.png,-1\n"), HasSubstr("not above 0"));
  EXPECT_THAT(load("file,patient,part\na.png,p,train\nb.png,p,test\n"),
              HasSubstr("patient p is in two parts"));
}

}  // namespace
}  // namespace conclave
