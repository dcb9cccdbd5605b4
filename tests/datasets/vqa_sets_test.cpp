#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "datasets/llava.h"
#include "datasets/nlvr.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::TempDir;

template <class E, class F>
std::string message_of(F call) {
  try {
    call();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), text.npos) << text;
}

TEST(LoadVqa, UnknownNamesAndSplitsSayWhatIsAllowed) {
  TempDir dir;
  expect_contains(message_of<UsageError>([&] { load_vqa("clevr", dir.path(), "train"); }),
                  "allowed: easy-vqa, nlvr, daquar, llava, vqav2");
  for (const char* name : {"easy-vqa", "nlvr", "daquar", "vqav2"})
    expect_contains(message_of<UsageError>([&] { load_vqa(name, dir.path(), "odd"); }), "no split 'odd'");
  for (const char* name : {"easy-vqa", "nlvr", "daquar", "llava", "vqav2"})
    expect_contains(message_of<DataError>([&] { load_vqa(name, dir.path(), "test"); }), "no such file");
}

TEST(EasyVqa, ReadsTriplesAndNamesABadOne) {
  TempDir dir;
  write_file(dir / "train/questions.json", R"([["what?", "red", 3], ["is it?", "no", 3]])");
  const auto set = load_vqa("easy-vqa", dir.path(), "train");
  ASSERT_EQ(set.samples.size(), 2u);
  EXPECT_EQ(set.samples[1].id, "1");
  EXPECT_EQ(set.samples[1].question, "is it?");
  EXPECT_EQ(set.samples[1].answers, std::vector<std::string>{"no"});
  EXPECT_EQ(set.samples[1].images[0], dir / "train/images/3.png");
  EXPECT_EQ(set.samples[1].group, "3");
  write_file(dir / "test/questions.json", R"([["what?", "red", 3], ["is it?", 5, 3]])");
  expect_contains(message_of<DataError>([&] { load_vqa("easy-vqa", dir.path(), "test"); }), "question 2");
}

TEST(Nlvr, EveryStatementHasSixPictures) {
  TempDir dir;
  write_file(dir / "dev/dev.json",
             "{\"identifier\": \"1085-3\", \"directory\": \"4\", \"sentence\": \"There is a box\", "
             "\"label\": \"true\", \"structured_rep\": []}\n\n"
             "{\"identifier\": \"9-0\", \"directory\": 2, \"sentence\": \"unlabelled\"}\n");
  const auto set = load_vqa("nlvr", dir.path(), "dev");
  ASSERT_EQ(set.samples.size(), 12u);
  EXPECT_EQ(set.samples[5].id, "1085-3-5");
  EXPECT_EQ(set.samples[5].images[0], dir / "dev/images/4/dev-1085-3-5.png");
  EXPECT_EQ(set.samples[5].group, "1085-3");
  EXPECT_EQ(set.samples[5].answers, std::vector<std::string>{"true"});
  EXPECT_EQ(set.samples[6].images[0], dir / "dev/images/2/dev-9-0-0.png");
  EXPECT_TRUE(set.samples[6].answers.empty());
}

TEST(Daquar, CutsTheImageNameAndKeepsTheOfficialSplit) {
  TempDir dir;
  write_file(dir / "all_qa_pairs.txt",
             "what is on the desk in the image1 ?\nlamp\n"
             "what is the table in the image2 on the floor in the image2 ?\nbook, cup\n"
             "how many chairs are there in image1 ?\r\n4\r\n");
  write_file(dir / "train_images_list.txt", "image2\n");
  write_file(dir / "test_images_list.txt", "image1\n");
  const auto test = load_vqa("daquar", dir.path(), "test");
  ASSERT_EQ(test.samples.size(), 2u);
  EXPECT_EQ(test.samples[0].question, "what is on the desk ?");
  EXPECT_EQ(test.samples[1].question, "how many chairs are there ?");
  EXPECT_EQ(test.samples[1].id, "2");
  EXPECT_EQ(test.samples[1].answers, std::vector<std::string>{"4"});
  EXPECT_EQ(test.samples[1].images[0], dir / "images/image1.jpg");
  const auto train = load_vqa("daquar", dir.path(), "train");
  ASSERT_EQ(train.samples.size(), 1u);
  EXPECT_EQ(train.samples[0].question, "what is the table in the image on the floor ?");
  EXPECT_EQ(train.samples[0].answers, std::vector<std::string>{"book, cup"});
  EXPECT_TRUE(load_vqa("daquar", dir.path(), "train-single").samples.empty());
}

TEST(Daquar, BadLinesAreNamed) {
  TempDir dir;
  write_file(dir / "test_images_list.txt", "image1\n");
  const auto load = [&] { load_vqa("daquar", dir.path(), "test"); };
  write_file(dir / "all_qa_pairs.txt", "what in the image1 ?\nlamp\nwhere is it ?\nthere\n");
  expect_contains(message_of<DataError>(load), "line 3: the question names no image");
  write_file(dir / "all_qa_pairs.txt", "what in the image1 ?\nlamp\nwhat in the image1 ?\n");
  expect_contains(message_of<DataError>(load), "line 3: a question without an answer");
}

TEST(Llava, ReadsOneOrManyPicturesAndAnswers) {
  TempDir dir;
  write_file(dir / "val.jsonl",
             "{\"question_id\": 7, \"image\": \"a.jpg\", \"text\": \"What?\", \"category\": \"conv\"}\n"
             "{\"question_id\": \"b-8\", \"images\": [\"a.jpg\", \"b.jpg\"], \"text\": \"Which?\", "
             "\"answers\": [\"x\", \"y\"]}\n"
             "{\"question_id\": 9, \"text\": \"No picture?\", \"answer\": \"yes\"}");
  const auto samples = load_vqa("llava", dir.path(), "val").samples;
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].id, "7");
  EXPECT_EQ(samples[0].images, std::vector{dir / "a.jpg"});
  EXPECT_TRUE(samples[0].answers.empty());
  EXPECT_EQ(samples[1].id, "b-8");
  EXPECT_EQ(samples[1].images, (std::vector{dir / "a.jpg", dir / "b.jpg"}));
  EXPECT_EQ(samples[1].answers, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(samples[2].images.empty());
  EXPECT_EQ(samples[2].answers, std::vector<std::string>{"yes"});
  std::filesystem::create_directory(dir / "images");
  EXPECT_EQ(load_vqa("llava", dir.path(), "val").samples[0].images, std::vector{dir / "images/a.jpg"});
}

class LlavaBadLine : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(LlavaBadLine, IsNamedByItsNumber) {
  TempDir dir;
  std::string text;
  for (int i = 1; i <= 6; ++i)
    text += fmt::format("{{\"question_id\": {}, \"image\": \"a\", \"text\": \"t\"}}\n", i);
  const auto [line, complaint] = GetParam();
  write_file(dir / "q.jsonl", text + line + "\n");
  const auto message = message_of<DataError>([&] { read_llava(dir / "q.jsonl", dir.path()); });
  expect_contains(message, "line 7: ");
  expect_contains(message, complaint);
}

INSTANTIATE_TEST_SUITE_P(
    All, LlavaBadLine,
    ::testing::Values(
        std::pair{"{\"question_id\": 7, \"image\": ", "not valid JSON"},
        std::pair{"[1]", "is not a JSON object"},
        std::pair{R"({"image": "a", "text": "t"})", "'question_id' is missing"},
        std::pair{R"({"question_id": 1.5, "text": "t"})", "neither a string nor a whole number"},
        std::pair{R"({"question_id": 7, "text": 5})", "'text' is not a string"},
        std::pair{R"({"question_id": 3, "text": "t"})", "question_id 3 came before"},
        std::pair{R"({"question_id": 7, "text": "t", "images": "a"})", "'images' is not a list"},
        std::pair{R"({"question_id": 7, "text": "t", "images": [1]})", "not a string"},
        std::pair{R"({"question_id": 7, "text": "t", "image": "a", "images": []})", "has both"}));

TEST(VqaV2, JoinsQuestionsAndTenAnswers) {
  TempDir dir;
  write_file(dir / "v2_OpenEnded_mscoco_val2014_questions.json",
             R"({"questions": [{"image_id": 262148, "question": "Where?", "question_id": 262148000}]})");
  EXPECT_TRUE(load_vqa("vqav2", dir.path(), "val").samples[0].answers.empty());
  const auto annotations = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) list += fmt::format("{}{{\"answer\": \"a{}\"}}", i ? "," : "", i);
    return R"({"annotations": [{"question_id": 262148000, "answers": [)" + list + "]}]}";
  };
  write_file(dir / "v2_mscoco_val2014_annotations.json", annotations(10));
  const auto sample = load_vqa("vqav2", dir.path(), "val").samples.at(0);
  EXPECT_EQ(sample.id, "262148000");
  EXPECT_EQ(sample.group, "262148");
  EXPECT_EQ(sample.images[0], dir / "val2014/COCO_val2014_000000262148.jpg");
  ASSERT_EQ(sample.answers.size(), 10u);
  EXPECT_EQ(sample.answers[9], "a9");
  write_file(dir / "v2_mscoco_val2014_annotations.json", annotations(9));
  expect_contains(message_of<DataError>([&] { load_vqa("vqav2", dir.path(), "val"); }),
                  "annotation 1: has 9 answers");
  write_file(dir / "v2_mscoco_val2014_annotations.json", annotations(10));
  write_file(dir / "v2_OpenEnded_mscoco_val2014_questions.json", "[]");
  expect_contains(message_of<DataError>([&] { load_vqa("vqav2", dir.path(), "val"); }),
                  "no list of question");
}

// Sizes are the published ones; two of the pictures DAQUAR lists have no question.
struct RealSet {
  const char *name, *split, *file;
  size_t samples, groups;
};
class RealData : public ::testing::TestWithParam<RealSet> {};

TEST_P(RealData, HasThePublishedSizeAndAllPictures) {
  const auto& real = GetParam();
  CONCLAVE_NEED_DATA(std::string("vqa/") + real.name + "/" + real.file);
  const auto set = load_vqa(real.name, *testing::data_dir() / "vqa" / real.name, real.split);
  EXPECT_EQ(set.samples.size(), real.samples);
  std::set<std::string> ids, groups;
  std::set<std::filesystem::path> images;
  for (const auto& sample : set.samples) {
    ids.insert(sample.id);
    groups.insert(sample.group);
    images.insert(sample.images.begin(), sample.images.end());
    EXPECT_EQ(sample.answers.size(), 1u);
    EXPECT_EQ(sample.question.find("image1"), std::string::npos) << sample.question;
  }
  EXPECT_EQ(ids.size(), real.samples);
  EXPECT_EQ(groups.size(), real.groups);
  for (const auto& image : images) EXPECT_TRUE(std::filesystem::exists(image)) << image;
}

INSTANTIATE_TEST_SUITE_P(All, RealData,
                         ::testing::Values(RealSet{"nlvr", "train", "train/train-1000.json", 6000, 1000},
                                           RealSet{"nlvr", "dev", "dev/dev.json", 5934, 989},
                                           RealSet{"nlvr", "test", "test/test.json", 5940, 990},
                                           RealSet{"easy-vqa", "train", "train/questions.json", 38575, 4000},
                                           RealSet{"easy-vqa", "test", "test/questions.json", 9673, 1000},
                                           RealSet{"daquar", "train", "all_qa_pairs.txt", 6795, 794},
                                           RealSet{"daquar", "test", "all_qa_pairs.txt", 5673, 653},
                                           RealSet{"daquar", "test-single", "all_qa_pairs.txt", 5076, 652}));

}  // namespace
}  // namespace conclave
