#include "framework/text/bpe_trainer.h"

#include <gtest/gtest.h>

#include <sstream>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace {

const std::string kTrainerData = std::string(CONCLAVE_SOURCE_DIR) + "/tests/text/data/";

std::vector<std::string> corpus() {
  std::istringstream in(read_file(kTrainerData + "corpus.txt"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// The *_style.json files were trained by the Python package tokenizers on the same lines.
TEST(BpeTrainer, LearnsTheVocabularyAndMergesOfTokenizers) {
  for (const auto& [name, size, special] :
       {std::tuple{"gpt2_style", 500, std::vector<std::string>{"<|endoftext|>"}},
        std::tuple{"qwen_style", 420,
                   std::vector<std::string>{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}},
        std::tuple{"deepseek_style", 400, std::vector<std::string>{"<s>"}}}) {
    const auto expected = Tokenizer::load(kTrainerData + name + ".json");
    BpeTrainerOptions options;
    options.vocab_size = size;
    options.special_tokens = special;
    options.steps = expected.parts().pre_tokenizer.steps();
    options.normalizer = expected.parts().normalizer.steps();
    BpeTrainer trainer(options);
    for (const auto& line : corpus()) trainer.add(line);
    const auto learned = trainer.train();
    EXPECT_EQ(std::get<Bpe>(learned.parts().model).merges(), std::get<Bpe>(expected.parts().model).merges())
        << name;
    ASSERT_EQ(std::get<Bpe>(learned.parts().model).size(), std::get<Bpe>(expected.parts().model).size())
        << name;
    for (int64_t id = 0; id < std::get<Bpe>(learned.parts().model).size(); ++id)
      EXPECT_EQ(std::get<Bpe>(learned.parts().model).spelled(id),
                std::get<Bpe>(expected.parts().model).spelled(id));
  }
}

TEST(BpeTrainer, MergesTheMostFrequentPairFirstAndTiesToTheLowerIds) {
  BpeTrainerOptions options;
  options.vocab_size = 259;
  BpeTrainer trainer(options);
  trainer.add("zyzy abab abab");  // ab: 4; then (z, y), (Ġ, ab) and (ab, ab) tie with 2
  const auto tokenizer = trainer.train();
  const std::vector<std::pair<std::string, std::string>> merges = {{"a", "b"}, {"z", "y"}, {"Ġ", "ab"}};
  EXPECT_EQ(std::get<Bpe>(tokenizer.parts().model).merges(), merges);
}

TEST(BpeTrainer, StopsWhenNoPairIsFrequentEnough) {
  BpeTrainerOptions options;
  options.vocab_size = 5000;
  options.special_tokens = {"<pad>"};
  BpeTrainer trainer(options);
  trainer.add("abc");
  EXPECT_EQ(trainer.train().size(), 257);
  EXPECT_EQ(BpeTrainer(options).train().size(), 257);
}

TEST(BpeTrainer, TheOrderOfTheTextsDoesNotMatter) {
  auto lines = corpus();
  BpeTrainer forward({.vocab_size = 400}), backward({.vocab_size = 400});
  for (const auto& line : lines) forward.add(line);
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) backward.add(*line);
  EXPECT_EQ(forward.train().to_json(), backward.train().to_json());
}

TEST(BpeTrainer, ImpossibleOptionsAreRefused) {
  EXPECT_THROW(BpeTrainer({.vocab_size = 255}), UsageError);
  EXPECT_THROW(BpeTrainer({.vocab_size = 256, .special_tokens = {"<s>"}}), UsageError);
  EXPECT_THROW(BpeTrainer({.min_frequency = 0}), UsageError);
}

}  // namespace
}  // namespace conclave
